#include "connection.hpp"

SYNCLINE_PLUGIN("crm-rest", "0.1.0", "Apache-2.0", syncline::crm::CrmRest);
