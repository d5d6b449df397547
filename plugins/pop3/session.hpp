// session.hpp: the POP3 protocol, one session: greeting, TLS, CAPA, login, listings, messages, deletions, QUIT.
#pragma once

#include <Poco/Net/Context.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "listing.hpp"
#include "reply.hpp"
#include "sign_in.hpp"
#include "transport.hpp"

namespace syncline::pop3 {

struct Capabilities {
  bool known = false;                        // the server answered CAPA
  std::vector<std::string> lines;            // as the server gave them, fit for a log
  std::map<std::string, std::string> words;  // first word in capitals → the rest of its line
  [[nodiscard]] bool has(const char* word) const { return words.count(word) != 0; }
  [[nodiscard]] std::int64_t login_delay_ms() const;
};

/// One message to be read: its head (TOP) or all of it (RETR). `size`: what LIST says.
struct Want {
  std::uint32_t number = 0;
  bool top = false;
  std::uint64_t size = 0;
};

/// Takes the answers in the order of the wants; what it throws ends the session.
class MessageSink {
 public:
  MessageSink() = default;
  MessageSink(const MessageSink&) = delete;
  MessageSink& operator=(const MessageSink&) = delete;
  virtual ~MessageSink() = default;
  virtual void begin(std::size_t want) = 0;
  /// false: nothing more of this message is wanted; the session ends here.
  virtual bool piece(std::size_t want, std::string_view bytes) = 0;
  /// false: no further message is wanted.
  virtual bool end(std::size_t want) = 0;
  virtual void refused(std::size_t want, const Reply& reply) = 0;
};

class Session {
 public:
  /// Connects, secures the connection and reads greeting and CAPA. Arguments outlive the session.
  Session(const Settings& settings, const Poco::Net::Context::Ptr& context, const Call& call, const Host& host);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();  // a session that has not quit is cut off: the server then changes nothing

  /// Signs in, in the way that choose_method() finds.
  void login(const Credentials& credentials);
  /// The way that login() took.
  [[nodiscard]] Method method() const { return method_; }
  /// How many messages STAT counts.
  [[nodiscard]] std::size_t count();
  /// Throws SY_BROKEN unless it has `count` messages.
  [[nodiscard]] Listing uidl(std::size_t count);
  /// Whether each of these messages bears the id beside it now. Asks for them alone.
  [[nodiscard]] bool confirm(std::span<const std::pair<std::uint32_t, std::string_view>> expected);
  /// The sizes of these messages, as far as LIST gives them, in their order; 0: not known.
  [[nodiscard]] std::vector<std::uint64_t> sizes(const std::vector<std::uint32_t>& numbers, std::size_t count);
  /// Reads messages until the wants, the session's time or the sink's wish end. Returns how many were answered; the
  /// rest belongs to another session.
  std::size_t retrieve(std::span<const Want> wants, MessageSink& sink);
  void quit();
  /// Marks messages as deleted; the answers, in their order. Nothing is deleted before commit().
  [[nodiscard]] std::vector<Reply> mark_deleted(std::span<const std::uint32_t> numbers);
  /// QUIT that carries out deletions. An Error means that nobody knows whether it did.
  [[nodiscard]] Reply commit();

  [[nodiscard]] const Capabilities& capabilities() const { return capabilities_; }
  [[nodiscard]] const PeerFacts& peer() const { return transport_.peer(); }
  /// False once retrieve() was ended early: nothing more can be asked in this session.
  [[nodiscard]] bool usable() const { return usable_; }

 private:
  std::string line();
  Reply answer();
  Reply ask(const std::string& command, const std::string& name);
  /// One command for each argument, several ahead where the server allows; the answers in their order.
  void ask_each(const std::string& command, std::span<const std::uint32_t> numbers,
                const std::function<void(std::size_t, const Reply&)>& on_reply);
  void listing(const std::function<void(std::string_view)>& on_line);
  template <class F>
  void body(F&& on_piece);
  void fill();
  void greet();
  void start_tls();
  void ask_capabilities();
  bool receive(std::size_t index, MessageSink& sink);
  [[nodiscard]] Offer offer() const;
  Reply user_and_pass(const Credentials& credentials);
  Reply sasl(const SaslScript& script, std::string& told);
  void hide(const std::string& secret) { secrets_.push_back(secret); }
  [[noreturn]] void refuse(const Reply& reply, const std::string& doing) const;

  const Settings& settings_;
  const Poco::Net::Context::Ptr& context_;
  const Host& host_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  Transport transport_;
  Capabilities capabilities_;
  std::string timestamp_;  // of the greeting, for APOP
  Method method_ = Method::AUTO;
  std::vector<std::string> secrets_;  // so that no error text can repeat them
  std::vector<char> buffer_;
  std::size_t from_ = 0, to_ = 0;  // unread part of the buffer
  bool usable_ = true;
};

}  // namespace syncline::pop3
