#include "report.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <syncline/plugin.h>
#include <boost/json.hpp>
#include <mutex>

namespace syncline {

namespace {

std::mutex secrets_mutex;
std::vector<std::string>& secrets() {
  static std::vector<std::string> all;
  return all;
}

/// pair and item travel inside the payload, behind a unit separator, so that one formatter serves both shapes.
constexpr char separator = '\x1f';

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(msg.time.time_since_epoch()).count();
    const std::time_t s = static_cast<std::time_t>(ms / 1000);
    std::tm tm{};
    ::gmtime_r(&s, &tm);
    boost::json::object o;
    o["ts"] = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                          tm.tm_hour, tm.tm_min, tm.tm_sec, ms % 1000);
    const auto level = spdlog::level::to_string_view(msg.level);
    o["level"] = std::string_view(level.data(), level.size());
    std::string_view rest(msg.payload.data(), msg.payload.size());
    if (!rest.empty() && rest[0] == separator) {
      rest.remove_prefix(1);
      const auto a = rest.find(separator);
      const auto b = rest.find(separator, a + 1);
      if (a > 0) o["pair"] = rest.substr(0, a);
      if (b > a + 1) o["item"] = rest.substr(a + 1, b - a - 1);
      rest.remove_prefix(b + 1);
    }
    o["msg"] = rest;
    const std::string line = boost::json::serialize(o) + "\n";
    dest.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

class PlainFormatter : public spdlog::formatter {
 public:
  PlainFormatter()
      : head_(std::make_unique<spdlog::pattern_formatter>("%H:%M:%S %^%-5l%$ ", spdlog::pattern_time_type::local, "")) {
  }
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& dest) override {
    head_->format(msg, dest);
    std::string line(msg.payload.data(), msg.payload.size());
    if (!line.empty() && line[0] == separator) {
      const auto a = line.find(separator, 1);
      const auto b = line.find(separator, a + 1);
      std::string who = line.substr(1, a - 1);
      if (b > a + 1) who += " [" + line.substr(a + 1, b - a - 1) + "]";
      line = who + ": " + line.substr(b + 1);
    }
    line.push_back('\n');
    dest.append(line.data(), line.data() + line.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override { return std::make_unique<PlainFormatter>(); }

 private:
  std::unique_ptr<spdlog::pattern_formatter> head_;
};

spdlog::level::level_enum level_of(int level) {
  switch (level) {
    case SY_TRACE: return spdlog::level::trace;
    case SY_DEBUG: return spdlog::level::debug;
    case SY_INFO: return spdlog::level::info;
    case SY_WARN: return spdlog::level::warn;
    default: return spdlog::level::err;
  }
}

std::string printable(std::string_view s) {
  std::string out;
  for (const char c : s) out.push_back(static_cast<unsigned char>(c) < 0x20 ? ' ' : c);
  return out;
}

}  // namespace

void set_up_log(const LogOptions& options) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  const bool terminal = options.file.empty() && ::isatty(STDERR_FILENO) != 0;
  if (!options.file.empty())
    sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, 10u << 20, 5);
  else if (terminal)
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  else
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto logger = std::make_shared<spdlog::logger>("syncline", sink);
  if (options.format == "json" || (options.format == "auto" && !terminal))
    logger->set_formatter(std::make_unique<JsonFormatter>());
  else
    logger->set_formatter(std::make_unique<PlainFormatter>());
  logger->set_level(spdlog::level::from_str(options.level));
  logger->flush_on(spdlog::level::warn);
  spdlog::set_default_logger(std::move(logger));
}

void add_secret_to_hide(std::string_view secret) {
  if (secret.size() < 4) return;  // hiding very short texts would only garble every line
  const std::lock_guard lock(secrets_mutex);
  auto& all = secrets();
  if (std::find(all.begin(), all.end(), secret) == all.end()) all.emplace_back(secret);
}

std::string hide_secrets(std::string_view line) {
  std::string out(line);
  const std::lock_guard lock(secrets_mutex);
  for (const std::string& s : secrets())
    for (std::size_t at = out.find(s); at != std::string::npos; at = out.find(s, at + 3))
      out.replace(at, s.size(), "***");
  return out;
}

void log_item(int level, std::string_view pair, std::string_view item, std::string_view line) {
  if (!spdlog::should_log(level_of(level))) return;
  std::string payload(1, separator);
  payload += printable(pair);
  payload.push_back(separator);
  payload += printable(item);
  payload.push_back(separator);
  payload += printable(hide_secrets(line));
  spdlog::log(level_of(level), "{}", payload);
}

void log_plugin_line(int level, std::string_view label, std::string_view item, std::string_view line) {
  log_item(level, label, item, line);
}

}  // namespace syncline
