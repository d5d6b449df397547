#include "session.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <unordered_map>

#include "unstuff.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::size_t kBuffer = std::size_t{64} * 1024;
constexpr std::size_t kLineLimit =
    std::size_t{8} * 1024;  // RFC 2449 allows 512; listings and greetings of real servers grow
constexpr std::size_t kCapabilityLimit = 500;
constexpr std::size_t kListingLimit = 5'000'000;  // messages
constexpr std::size_t kAhead = 32;                // commands sent before their answers: less than 1 KiB
constexpr std::uint64_t kAheadBytes = std::uint64_t{4} * 1024 * 1024;  // and what they may answer
constexpr std::size_t kSingly = 8;  // messages are asked for one by one where they are fewer than one in so many
constexpr std::uint64_t kHeadGuess = std::uint64_t{16} * 1024;
constexpr std::int64_t kGreetingRetryMs = 60'000;

std::optional<std::uint64_t> number(std::string_view& text) {
  std::uint64_t n = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (failure != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return n;
}

/// "12 rest": the message number; the rest stays in `line`.
std::optional<std::uint32_t> message_number(std::string_view& line) {
  const auto n = number(line);
  if (!n || *n == 0 || *n > UINT32_MAX || (!line.empty() && line.front() != ' ')) return std::nullopt;
  while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
  return static_cast<std::uint32_t>(*n);
}

bool printable(std::string_view id) {
  return id.size() <= 255 && std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::int64_t Capabilities::login_delay_ms() const {
  const auto found = words.find("LOGIN-DELAY");
  if (found == words.end()) return 0;
  std::string_view text = found->second;
  const auto seconds = number(text);
  return seconds && *seconds <= 86'400 ? static_cast<std::int64_t>(*seconds) * 1000 : 0;
}

Session::Session(const Settings& settings, const Poco::Net::Context::Ptr& context, const Call& call, const Host& host)
    : settings_(settings), context_(context), host_(host), transport_(settings, call, host), buffer_(kBuffer) {
  host_.count("sessions");
  if (settings_.tls == Tls::IMPLICIT) transport_.secure(context_);
  greet();
  ask_capabilities();
  if (settings_.tls != Tls::STARTTLS) return;
  start_tls();
  ask_capabilities();
}

Session::~Session() {
  for (std::string& secret : secrets_) OPENSSL_cleanse(secret.data(), secret.size());
}

void Session::greet() {
  transport_.doing(settings_.tls == Tls::IMPLICIT
                       ? "waiting for the greeting"
                       : "waiting for the greeting (a port for implicit TLS gives none without TLS)");
  const std::string said = line();
  const Reply greeting = Reply::parse(said, settings_.where());
  timestamp_ = apop_timestamp(said);
  if (greeting.ok) return;
  if (!greeting.code.empty()) refuse(greeting, "the greeting");
  throw Error(SY_RETRY, settings_.where() + ": the server refused the session: " + greeting.text, kGreetingRetryMs);
}

void Session::start_tls() {
  if (capabilities_.known && !capabilities_.has("STLS"))
    throw Error(SY_CONFIG, settings_.where() +
                               ": the server offers no STLS, and without it the password would travel in clear; "
                               "set tls to \"implicit\" (usually port 995)");
  const Reply reply = ask("STLS", "STLS");
  if (!reply.ok)
    throw Error(SY_CONFIG,
                settings_.where() + ": the server refused STLS: " + reply.text + "; set tls to \"implicit\"");
  if (from_ != to_)  // what came in clear must not count as said within TLS
    throw Error(SY_BROKEN, settings_.where() + ": the server, or somebody on the way, sent data between STLS and TLS");
  transport_.secure(context_);
}

void Session::ask_capabilities() {
  capabilities_ = {};
  if (!ask("CAPA", "CAPA").ok) return;
  capabilities_.known = true;
  listing([&](std::string_view text) {
    if (capabilities_.lines.size() >= kCapabilityLimit)
      throw Error(SY_BROKEN, settings_.where() + ": the answer to CAPA has no end");
    capabilities_.lines.push_back(one_line(text));
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string word(text.substr(0, end));
    std::transform(word.begin(), word.end(), word.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    capabilities_.words[word] = std::string(text.substr(std::min(end + 1, text.size())));
  });
}

std::size_t Session::count() {
  const Reply stat = ask("STAT", "STAT");
  std::string_view counted = stat.text;
  const auto messages = number(counted);
  if (!stat.ok || !messages)
    throw Error(SY_BROKEN, settings_.where() + ": the answer to STAT names no number of messages", 0, stat.code);
  return static_cast<std::size_t>(*messages);
}

Listing Session::uidl(std::size_t count) {
  const Reply reply = ask("UIDL", "UIDL");
  if (!reply.ok && (reply.code == "SYS/TEMP" || reply.code == "IN-USE")) refuse(reply, "UIDL");
  if (!reply.ok)
    throw Error(SY_CONFIG,
                settings_.where() + ": the server offers no UIDL (" + reply.text +
                    "), so messages cannot be known again in a later session; switch UIDL on in the server, or read "
                    "this mailbox in another way");
  Listing out;
  std::size_t strange = 0;
  listing([&](std::string_view text) {
    const auto n = message_number(text);
    if (!n) {
      ++strange;
      return;
    }
    if (out.size() >= kListingLimit)
      throw Error(SY_BROKEN, settings_.where() + ": the mailbox has more than 5000000 messages");
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    out.add(*n, printable(text) ? text : std::string_view());
  });
  if (strange != 0)
    host_.log(
        SY_WARN, {},
        settings_.where() + ": UIDL listing: " + std::to_string(strange) + " lines that name no message were ignored");
  if (out.size() != count)
    throw Error(SY_BROKEN, settings_.where() + ": the UIDL listing has " + std::to_string(out.size()) +
                               " messages, the mailbox " + std::to_string(count) + "; nothing is concluded from it");
  out.index();
  return out;
}

bool Session::confirm(std::span<const std::pair<std::uint32_t, std::string_view>> expected) {
  std::vector<std::uint32_t> numbers;
  numbers.reserve(expected.size());
  for (const auto& one : expected) numbers.push_back(one.first);
  bool all = true;
  ask_each("UIDL", numbers, [&](std::size_t i, const Reply& reply) {
    std::string_view text = reply.text;
    const auto n = message_number(text);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    // A text that was cut for the log never equals an id.
    all = all && reply.ok && n && *n == expected[i].first && text == expected[i].second;
  });
  return all;
}

std::vector<std::uint64_t> Session::sizes(const std::vector<std::uint32_t>& numbers, std::size_t count) {
  std::vector<std::uint64_t> out(numbers.size(), 0);
  if (capabilities_.has("PIPELINING") && numbers.size() < count / kSingly) {
    ask_each("LIST", numbers, [&](std::size_t i, const Reply& reply) {
      std::string_view text = reply.text;
      const auto n = message_number(text);
      const auto size = number(text);
      if (reply.ok && n && size && *n == numbers[i]) out[i] = *size;
    });
    return out;
  }
  if (!ask("LIST", "LIST").ok) return out;  // sizes are then counted while reading
  std::unordered_map<std::uint32_t, std::size_t> wanted;
  for (std::size_t i = 0; i < numbers.size(); ++i) wanted.emplace(numbers[i], i);
  listing([&](std::string_view text) {
    const auto n = message_number(text);
    const auto size = number(text);
    if (!n || !size) return;
    if (const auto found = wanted.find(*n); found != wanted.end()) out[found->second] = *size;
  });
  return out;
}

void Session::ask_each(const std::string& command, std::span<const std::uint32_t> numbers,
                       const std::function<void(std::size_t, const Reply&)>& on_reply) {
  const std::size_t window = capabilities_.has("PIPELINING") ? kAhead : 1;
  transport_.doing("waiting for the answer to " + command);
  for (std::size_t i = 0; i < numbers.size(); i += window) {
    const auto some = numbers.subspan(i, std::min(window, numbers.size() - i));
    std::string commands;
    for (const std::uint32_t n : some) commands += command + " " + std::to_string(n) + "\r\n";
    host_.count("requests", static_cast<std::int64_t>(some.size()));
    transport_.write(commands);
    for (std::size_t k = 0; k < some.size(); ++k) on_reply(i + k, answer());
  }
}

std::vector<Reply> Session::mark_deleted(std::span<const std::uint32_t> numbers) {
  std::vector<Reply> out;
  out.reserve(numbers.size());
  ask_each("DELE", numbers, [&](std::size_t, const Reply& reply) { out.push_back(reply); });
  return out;
}

Reply Session::commit() {
  usable_ = false;
  return ask("QUIT", "QUIT");
}

std::size_t Session::retrieve(std::span<const Want> wants, MessageSink& sink) {
  const bool pipelining = capabilities_.has("PIPELINING");
  const auto cost = [](const Want& w) { return w.top ? std::min(w.size, kHeadGuess) : w.size; };
  std::size_t issued = 0, answered = 0;
  std::uint64_t ahead = 0;
  for (;;) {
    std::string commands;
    while (issued < wants.size() &&
           (issued == answered || (pipelining && issued - answered < kAhead && ahead < kAheadBytes))) {
      if (issued != 0 && std::chrono::steady_clock::now() - begun_ >= settings_.session_time) break;
      const Want& want = wants[issued++];
      ahead += cost(want);
      commands +=
          want.top ? "TOP " + std::to_string(want.number) + " 0\r\n" : "RETR " + std::to_string(want.number) + "\r\n";
      host_.count("requests");
    }
    if (!commands.empty()) transport_.write(commands);
    if (answered == issued) return answered;
    transport_.doing(wants[answered].top ? "reading a message's head" : "reading a message");
    const bool more = receive(answered, sink);
    ahead -= cost(wants[answered]);
    ++answered;
    if (more) continue;
    if (answered != issued) usable_ = false;
    return answered;
  }
}

bool Session::receive(std::size_t index, MessageSink& sink) {
  const Reply reply = answer();
  if (!reply.ok) {
    sink.refused(index, reply);
    return true;
  }
  sink.begin(index);
  bool wanted = true;
  body([&](std::string_view piece) { return wanted = wanted && sink.piece(index, piece); });
  if (!wanted) usable_ = false;
  const bool more = sink.end(index);
  return wanted && more;
}

void Session::quit() {
  if (!usable_) return;
  usable_ = false;
  try {
    static_cast<void>(ask("QUIT", "QUIT"));
  } catch (const Error& e) {
    if (e.code() == SY_CANCELED) throw;  // else: nothing was changed, so a lost farewell loses nothing
  }
}

Reply Session::ask(const std::string& command, const std::string& name) {
  transport_.doing("waiting for the answer to " + name);
  host_.count("requests");
  std::string bytes = command + "\r\n";
  transport_.write(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());  // it may bear a password
  return answer();
}

Reply Session::answer() { return Reply::parse(line(), settings_.where(), secrets_); }

void Session::fill() {
  from_ = 0;
  to_ = transport_.read(buffer_.data(), buffer_.size());
  if (to_ == 0) throw transport_.lost("the server closed the connection");
}

std::string Session::line() {
  std::string out;
  for (;;) {
    if (from_ == to_) fill();
    const std::string_view unread(buffer_.data() + from_, to_ - from_);
    const std::size_t end = unread.find('\n');
    out += unread.substr(0, end);
    if (out.size() > kLineLimit)
      throw Error(SY_BROKEN, settings_.where() + ": " + transport_.doing() + ": a line is longer than " +
                                 std::to_string(kLineLimit) + " bytes");
    from_ = end == std::string_view::npos ? to_ : from_ + end + 1;
    if (end == std::string_view::npos) continue;
    if (!out.empty() && out.back() == '\r') out.pop_back();
    return out;
  }
}

void Session::listing(const std::function<void(std::string_view)>& on_line) {
  for (std::string text = line(); text != "."; text = line()) {
    std::string_view unstuffed = text;
    if (!unstuffed.empty() && unstuffed.front() == '.') unstuffed.remove_prefix(1);
    on_line(unstuffed);
  }
}

template <class F>
void Session::body(F&& on_piece) {
  Unstuffer dots;
  while (!dots.done()) {
    if (from_ == to_) fill();
    bool more = true;
    from_ += dots.feed({buffer_.data() + from_, to_ - from_},
                       [&](std::string_view piece) { more = more && on_piece(piece); });
    if (!more) return;
  }
}

}  // namespace syncline::pop3
