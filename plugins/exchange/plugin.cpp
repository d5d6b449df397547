#include "connection.hpp"

SYNCLINE_PLUGIN("exchange", "0.1.0", "Apache-2.0", syncline::exchange::Exchange);
