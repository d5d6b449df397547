#include "pop3_session.hpp"

#include <Poco/Net/SecureStreamSocket.h>

#include <algorithm>
#include <array>

#include "tls_context.hpp"

namespace syncline::sandbox {
namespace {

constexpr std::size_t kLogLimit = 200000;
const Poco::Timespan kTick(0, 100 * 1000);

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); });
  return text;
}

// "." at the start of a line is doubled; the closing line is not included.
std::string stuffed(const std::string& bytes) {
  std::string out;
  out.reserve(bytes.size() + 64);
  bool start = true;
  for (const char c : bytes) {
    if (start && c == '.') out += '.';
    out += c;
    start = c == '\n';
  }
  if (!out.ends_with("\r\n")) out += "\r\n";
  return out;
}

// The headers, the empty line and the first `lines` of the body.
std::string top_of(const std::string& bytes, std::size_t lines) {
  auto at = bytes.find("\r\n\r\n");
  if (at == std::string::npos) return bytes;
  at += 4;
  for (; lines > 0 && at < bytes.size(); --lines) {
    const auto end = bytes.find("\r\n", at);
    at = end == std::string::npos ? bytes.size() : end + 2;
  }
  return bytes.substr(0, at);
}

bool digits(const std::string& text) {
  return !text.empty() && text.size() < 9 && text.find_first_not_of("0123456789") == std::string::npos;
}

}  // namespace

Pop3Session::Pop3Session(Pop3World& world, const Poco::Net::StreamSocket& socket)
    : world_(world), socket_(socket), secure_(world.options.tls == Pop3Tls::IMPLICIT) {
  const std::lock_guard lock(world_.mutex);
  number_ = ++world_.sessions;
}

void Pop3Session::run() {
  try {
    if (world_.options.apop) timestamp_ = "<" + std::to_string(number_) + ".1767225600@sandbox.test>";
    ok("sandbox POP3 ready" + (timestamp_.empty() ? "" : " " + timestamp_));
    std::string line;
    while (read_line(line)) {
      const auto space = line.find(' ');
      Command command{upper(line.substr(0, space)), {}, space == std::string::npos ? "" : line.substr(space + 1)};
      command.first = command.rest.substr(0, command.rest.find(' '));
      note(command, line);
      if (!handle(command)) break;
    }
  } catch (const Poco::Exception&) {
    // The client has gone; nothing was committed.
  }
  leave();
  try {
    socket_.shutdown();
  } catch (const Poco::Exception&) {
    // Already closed by the other side.
  }
}

void Pop3Session::note(const Command& command, const std::string& line) {
  const bool secret = command.name == "PASS" || command.name == "APOP" || command.name == "AUTH";
  const std::string shown = command.name == "PASS" ? "PASS" : command.name + " " + command.first;
  const std::lock_guard lock(world_.mutex);
  if (world_.log.size() < kLogLimit) world_.log.push_back(secret ? shown : line);
}

bool Pop3Session::read_line(std::string& line, std::size_t limit) {
  while (true) {
    const auto end = input_.find("\r\n");
    if (end != std::string::npos && end <= limit) {
      line = input_.substr(0, end);
      input_.erase(0, end + 2);
      return true;
    }
    if (input_.find('\n') == std::string::npos ? input_.size() > limit : end == std::string::npos || end > limit) {
      err("lines end in CRLF and have at most " + std::to_string(limit) + " bytes");
      return false;
    }
    {
      const std::lock_guard lock(world_.mutex);
      if (world_.stopping) return false;
    }
    if (!socket_.poll(kTick, Poco::Net::Socket::SELECT_READ)) continue;
    std::array<char, 4096> piece{};
    const int got = socket_.receiveBytes(piece.data(), static_cast<int>(piece.size()));
    if (got <= 0) return false;
    input_.append(piece.data(), static_cast<std::size_t>(got));
  }
}

void Pop3Session::send(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const int sent =
        socket_.sendBytes(text.data() + at, static_cast<int>(std::min<std::size_t>(text.size() - at, 65536)));
    if (sent <= 0) throw Poco::IOException("the client has gone");
    at += static_cast<std::size_t>(sent);
  }
}

bool Pop3Session::handle(const Command& command) {
  if (command.name == "CAPA" && world_.options.capa) return capa(), true;
  if (command.name == "QUIT") return quit();
  return state_ == State::AUTHORIZATION ? authorization(command) : transaction(command);
}

bool Pop3Session::quit() {
  Pop3Quit how = Pop3Quit::ANSWERED;
  if (std::any_of(entries_.begin(), entries_.end(), [](const Entry& one) { return one.deleted; })) {
    const std::lock_guard lock(world_.mutex);
    how = world_.faults.quit;
  }
  if (state_ == State::TRANSACTION && how != Pop3Quit::REFUSED) commit();
  leave();
  if (how == Pop3Quit::ANSWERED) ok("bye");
  if (how == Pop3Quit::REFUSED) err("some deleted messages not removed");
  return false;
}

void Pop3Session::capa() {
  const Pop3Options& options = world_.options;
  std::string out = "+OK capabilities follow\r\n";
  if (options.user && (!options.require_tls || secure_)) out += "USER\r\n";
  if (!options.sasl.empty() && (!options.require_tls || secure_)) out += "SASL " + options.sasl + "\r\n";
  if (options.top) out += "TOP\r\n";
  if (options.uidl) out += "UIDL\r\n";
  if (options.pipelining) out += "PIPELINING\r\n";
  if (options.tls == Pop3Tls::STLS && !secure_) out += "STLS\r\n";
  send(out + "RESP-CODES\r\nAUTH-RESP-CODE\r\nIMPLEMENTATION sandbox\r\n.\r\n");
}

void Pop3Session::stls() {
  if (world_.options.tls != Pop3Tls::STLS || secure_) return err("STLS is not available");
  ok("begin TLS");
  input_.clear();  // what came in plain behind STLS does not count
  socket_ =
      Poco::Net::SecureStreamSocket::attach(socket_, server_context(world_.options.certificate, world_.options.key));
  secure_ = true;
}

bool Pop3Session::authorization(const Command& command) {
  if (command.name == "STLS") return stls(), true;
  if (command.name == "APOP" && !timestamp_.empty()) return apop(command), true;
  if (command.name == "AUTH" && !world_.options.sasl.empty()) return auth(command);
  if (command.name == "USER" && world_.options.user) {
    if (world_.options.require_tls && !secure_) return err("[AUTH] use STLS first"), true;
    user_ = command.rest;
    return ok("send the password"), true;
  }
  if (command.name == "PASS" && world_.options.user) {
    if (user_.empty()) return err("USER comes first"), true;
    open_mailbox(user_, [&](const Pop3World::Mailbox& mailbox) { return mailbox.password == command.rest; });
    return user_.clear(), true;
  }
  err("not now: log in first");
  return true;
}

void Pop3Session::open_mailbox(const std::string& user, const std::function<bool(const Pop3World::Mailbox&)>& right) {
  std::string refusal;
  std::size_t count = 0;
  {
    const std::lock_guard lock(world_.mutex);
    const auto found = world_.mailboxes.find(user);
    if (world_.faults.refuse_login || found == world_.mailboxes.end() || !right(found->second)) {
      refusal = "[AUTH] the user or the password is wrong";
    } else if (found->second.locked) {
      refusal = "[IN-USE] another session has this mailbox";
    } else {
      found->second.locked = true;
      mailbox_ = user;
      state_ = State::TRANSACTION;
      entries_.clear();
      for (const auto& message : found->second.messages) entries_.push_back({message, false});
      count = entries_.size();
    }
  }
  if (refusal.empty()) return ok("mailbox open, " + std::to_string(count) + " messages");
  err(refusal);
}

void Pop3Session::leave() {
  const std::lock_guard lock(world_.mutex);
  if (const auto found = world_.mailboxes.find(mailbox_); found != world_.mailboxes.end()) found->second.locked = false;
  mailbox_.clear();
}

void Pop3Session::commit() {
  const std::lock_guard lock(world_.mutex);
  auto& messages = world_.mailboxes[mailbox_].messages;
  for (const auto& one : entries_) {
    if (one.deleted)
      std::erase_if(messages, [&](const Pop3Message& message) { return message.uidl == one.message.uidl; });
  }
}

Pop3Session::Entry* Pop3Session::entry(const std::string& number) {
  const std::size_t index = digits(number) ? std::stoul(number) : 0;
  if (index == 0 || index > entries_.size() || entries_[index - 1].deleted) {
    err("no such message");
    return nullptr;
  }
  return &entries_[index - 1];
}

bool Pop3Session::transaction(const Command& command) {
  const std::string& name = command.name;
  if (name == "NOOP") return ok(""), true;
  if (name == "STAT") {
    std::size_t count = 0;
    std::size_t size = 0;
    for (const auto& one : entries_) {
      count += one.deleted ? 0 : 1;
      size += one.deleted ? 0 : one.message.bytes.size();
    }
    return ok(std::to_string(count) + " " + std::to_string(size)), true;
  }
  if (name == "LIST") return listing(command, false), true;
  if (name == "UIDL" && world_.options.uidl) return listing(command, true), true;
  if (name == "RETR") return retrieve(command, false);
  if (name == "TOP" && world_.options.top) return retrieve(command, true);
  if (name == "DELE") {
    if (Entry* found = entry(command.first)) {
      found->deleted = true;
      ok("marked");
    }
    return true;
  }
  if (name == "RSET") {
    for (auto& one : entries_) one.deleted = false;
    return ok(""), true;
  }
  err("unknown command");
  return true;
}

std::string Pop3Session::shown_uidl(std::size_t index) const {
  const std::lock_guard lock(world_.mutex);
  const std::string& uidl = entries_[world_.faults.repeat_uidls ? 0 : index].message.uidl;
  return world_.faults.change_uidls ? uidl + "-" + std::to_string(number_) : uidl;
}

void Pop3Session::listing(const Command& command, bool ids) {
  const auto line = [&](std::size_t index) {
    return std::to_string(index + 1) + " " +
           (ids ? shown_uidl(index) : std::to_string(entries_[index].message.bytes.size()));
  };
  if (!command.first.empty()) {
    if (const Entry* found = entry(command.first)) ok(line(static_cast<std::size_t>(found - entries_.data())));
    return;
  }
  int garbage = 0;
  {
    const std::lock_guard lock(world_.mutex);
    garbage = world_.faults.garbage_in_uidl;
  }
  std::string out = "+OK listing follows\r\n";
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].deleted) continue;
    if (ids && strikes(garbage, i)) out += "\x01this is no line of a listing\xff\r\n";
    out += line(i) + "\r\n";
  }
  send(out + ".\r\n");
}

bool Pop3Session::strikes(int number, std::size_t index) {
  const std::lock_guard lock(world_.mutex);
  if (number <= 0 || static_cast<std::size_t>(number) != index + 1 || world_.fault_count == 0) return false;
  if (world_.fault_count > 0) --world_.fault_count;
  return true;
}

bool Pop3Session::retrieve(const Command& command, bool top) {
  const Entry* found = entry(command.first);
  if (found == nullptr) return true;
  const auto index = static_cast<std::size_t>(found - entries_.data());
  Pop3Faults faults;
  {
    const std::lock_guard lock(world_.mutex);
    faults = world_.faults;
  }
  if (faults.vanish == found->message.uidl && !faults.vanish.empty()) return err("no such message any more"), true;
  if (strikes(faults.hang_on_retr, index)) return hang(), false;
  const auto space = command.rest.find(' ');
  const std::string lines = space == std::string::npos ? "" : command.rest.substr(space + 1);
  if (top && !digits(lines)) return err("TOP takes a message and a number of lines"), true;
  const std::string text = stuffed(top ? top_of(found->message.bytes, std::stoul(lines)) : found->message.bytes);
  send("+OK message follows\r\n");
  if (strikes(faults.close_in_message, index)) {
    send(text.substr(0, text.size() / 2));
    return false;
  }
  if (faults.drip.count() > 0) {
    for (std::size_t at = 0; at < text.size(); at += 64) {
      send(text.substr(at, 64));
      pause(faults.drip);
    }
  } else {
    send(text);
  }
  if (strikes(faults.no_terminator, index)) return hang(), false;
  send(".\r\n");
  return true;
}

// Until the client goes or the server ends; what the client says meanwhile is not answered.
void Pop3Session::hang() {
  std::string line;
  while (read_line(line)) {}
}

void Pop3Session::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(world_.mutex);
  world_.wake.wait_for(lock, time, [this] { return world_.stopping; });
  if (world_.stopping) throw Poco::IOException("the server ends");
}

}  // namespace syncline::sandbox
