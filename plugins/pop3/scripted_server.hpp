// scripted_server.hpp: for the tests: a POP3 server in clear whose every answer a test can replace. Its own mailbox
// behaves well.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace syncline::pop3 {

class ScriptedServer {
 public:
  static constexpr const char* CLOSE = "\001close";  // ends the connection (after what stands before it)
  static constexpr const char* HANG = "\001hang";    // no answer

  struct Message {
    std::string uidl, bytes;
  };
  /// The answer to a command line of the `session`-th session (from 1); nullopt: the mailbox answers.
  using Override = std::function<std::optional<std::string>(const std::string& line, int session)>;

  std::string greeting = "+OK ready\r\n";
  std::string capabilities = "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\n";
  std::string password = "secret";
  std::vector<Message> messages;  // change only while no session is open
  Override override;
  /// For answers too large to be held: sends them itself; false: not this command.
  std::function<bool(const std::string& line, const std::function<void(const std::string&)>& send)> stream;

  void start() {
    thread_ = std::thread([this] { serve(); });
  }
  ~ScriptedServer() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }
  [[nodiscard]] int port() const { return listener_.address().port(); }
  [[nodiscard]] int sessions() const { return sessions_; }
  [[nodiscard]] std::vector<std::string> log() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }
  /// Lines that are this and nothing more.
  [[nodiscard]] std::size_t count_exactly(const std::string& command) const {
    std::size_t n = 0;
    for (const std::string& line : log()) n += line == command ? 1 : 0;
    return n;
  }
  [[nodiscard]] std::size_t count(const std::string& command) const {
    std::size_t n = 0;
    for (const std::string& line : log()) n += line.rfind(command, 0) == 0 ? 1 : 0;
    return n;
  }
  /// How many command lines had arrived at once at the most.
  [[nodiscard]] std::size_t most_ahead() const { return most_ahead_; }

  static std::string stuffed(const std::string& bytes) {
    std::string out;
    bool start = true;
    for (const char c : bytes) {
      if (start && c == '.') out += '.';
      out += c;
      start = c == '\n';
    }
    return out;
  }

 private:
  void serve() {
    while (!stop_) {
      if (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
      Poco::Net::StreamSocket socket = listener_.acceptConnection();
      ++sessions_;
      try {
        talk(socket);
      } catch (const Poco::Exception&) {  // the client went away
      }
    }
  }
  void talk(Poco::Net::StreamSocket& socket) {
    std::string unread;
    if (!say(socket, greeting)) return;
    while (!stop_) {
      if (!socket.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
      char buffer[4096];
      const int n = socket.receiveBytes(buffer, sizeof buffer);
      if (n <= 0) return;
      unread.append(buffer, static_cast<std::size_t>(n));
      std::size_t lines = 0;
      for (std::size_t end = unread.find("\r\n"); end != std::string::npos; end = unread.find("\r\n"), ++lines) {
        const std::string line = unread.substr(0, end);
        unread.erase(0, end + 2);
        if (stream && stream(line, [&](const std::string& piece) { say(socket, piece); })) continue;
        if (!say(socket, answer(line))) return;
      }
      if (lines > most_ahead_) most_ahead_ = lines;
    }
  }
  bool say(Poco::Net::StreamSocket& socket, std::string text) {
    bool open = true;
    if (const std::size_t at = text.find('\001'); at != std::string::npos) {
      open = text.substr(at) != CLOSE;
      text.resize(at);
    }
    for (std::size_t at = 0; at < text.size() && !stop_;)
      at += static_cast<std::size_t>(
          socket.sendBytes(text.data() + at, static_cast<int>(std::min<std::size_t>(text.size() - at, 1u << 20u))));
    return open;
  }
  std::string answer(const std::string& line) {
    {
      const std::lock_guard lock(mutex_);
      log_.push_back(line);
    }
    if (override)
      if (auto given = override(line, sessions_)) return *given;
    return mailbox(line);
  }
  std::string mailbox(const std::string& line) {
    const std::string word = line.substr(0, line.find(' '));
    const auto number = [&] { return static_cast<std::size_t>(std::stoul(line.substr(line.find(' ') + 1))); };
    if (word == "CAPA") return capabilities.empty() ? "-ERR what?\r\n" : "+OK\r\n" + capabilities + ".\r\n";
    if (word == "USER") return "+OK\r\n";
    if (word == "PASS") return line == "PASS " + password ? "+OK\r\n" : "-ERR [AUTH] no\r\n";
    if (word == "STAT") return "+OK " + std::to_string(messages.size()) + " 1\r\n";
    if (word == "QUIT") return std::string("+OK\r\n") + CLOSE;
    if ((word == "UIDL" || word == "LIST") && line != word) {
      if (number() < 1 || number() > messages.size()) return "-ERR no\r\n";
      const Message& one = messages[number() - 1];
      return "+OK " + std::to_string(number()) + " " + (word == "UIDL" ? one.uidl : std::to_string(one.bytes.size())) +
             "\r\n";
    }
    if (word == "UIDL" || word == "LIST") {
      std::string out = "+OK\r\n";
      for (std::size_t i = 0; i < messages.size(); ++i)
        out += std::to_string(i + 1) + " " +
               (word == "UIDL" ? messages[i].uidl : std::to_string(messages[i].bytes.size())) + "\r\n";
      return out + ".\r\n";
    }
    if ((word == "RETR" || word == "TOP") && number() >= 1 && number() <= messages.size()) {
      const std::string& bytes = messages[number() - 1].bytes;
      return "+OK\r\n" + stuffed(word == "RETR" ? bytes : bytes.substr(0, bytes.find("\r\n\r\n") + 4)) + ".\r\n";
    }
    return "-ERR no\r\n";
  }

  Poco::Net::ServerSocket listener_{Poco::Net::SocketAddress("127.0.0.1", 0)};
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<int> sessions_{0};
  std::atomic<std::size_t> most_ahead_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> log_;
};

}  // namespace syncline::pop3
