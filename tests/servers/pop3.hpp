// A POP3 server on 127.0.0.1 with mailboxes in memory, for tests and for the program syncline-sandbox: plain, STLS or
// implicit TLS, an exclusive lock per mailbox, and faults on request. Thread-safe.
#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace syncline::sandbox {

enum class Pop3Tls { NONE, STLS, IMPLICIT };

struct Pop3Options {
  std::uint16_t port = 0;  // 0: any free one
  Pop3Tls tls = Pop3Tls::NONE;
  std::string certificate{}, key{};  // PEM files; needed with STLS and IMPLICIT
  bool require_tls = false;          // with STLS: USER is refused before it
  // What the server can do and says in CAPA.
  bool capa = true, top = true, uidl = true, pipelining = true;
  // The ways to sign in: USER and PASS, APOP (the greeting then bears a timestamp), and SASL mechanisms as CAPA names
  // them ("PLAIN LOGIN XOAUTH2").
  bool user = true, apop = false;
  std::string sasl{};
};

// What becomes of QUIT after DELE.
enum class Pop3Quit { ANSWERED, LOST, REFUSED };  // LOST: carried out, and closed without an answer

// Faults stay until they are cleared, unless `count` says otherwise.
struct Pop3Faults {
  int hang_on_retr = 0;        // n: the n-th message's RETR or TOP gets no answer at all (the connection stays open)
  int close_in_message = 0;    // n: the connection is closed in the middle of the n-th message
  int no_terminator = 0;       // n: the n-th message is sent whole, its last line "." is not, then silence
  int garbage_in_uidl = 0;     // n: before the n-th UIDL line comes a line that is none
  int count = -1;              // how often each of the above acts; -1: always
  bool refuse_login = false;   // every password is wrong ([AUTH])
  bool repeat_uidls = false;   // UIDL gives all messages the first one's id
  bool change_uidls = false;   // UIDL gives new ids in every session
  std::string vanish{};        // the message with this UIDL is gone between UIDL and RETR (-ERR), not on the server
  bool late_response = false;  // AUTH: an initial response is not looked at, but asked for again
  Pop3Quit quit = Pop3Quit::ANSWERED;
  std::chrono::milliseconds drip{0};  // between pieces of 64 bytes of a message
};

struct Pop3Message {
  std::string uidl, bytes;  // bytes as stored, CRLF line ends
};

class Pop3Server {
 public:
  explicit Pop3Server(Pop3Options options = {});
  ~Pop3Server();
  Pop3Server(const Pop3Server&) = delete;
  Pop3Server& operator=(const Pop3Server&) = delete;

  std::string host() const;  // "127.0.0.1"; with TLS "localhost", the name in the certificates
  std::uint16_t port() const;

  // An empty token: XOAUTH2 never opens this mailbox.
  void add_mailbox(const std::string& user, const std::string& password, const std::string& token = {});
  // At the end of the mailbox; the UIDL (given or made). Bare LF line ends become CRLF.
  std::string add(const std::string& user, const std::string& bytes, const std::string& uidl = {});
  void remove(const std::string& user, const std::string& uidl);
  std::vector<Pop3Message> messages(const std::string& user) const;
  bool locked(const std::string& user) const;

  void set_faults(const Pop3Faults& faults);
  std::vector<std::string> log() const;  // command lines, without passwords, digests and responses
  std::size_t sessions() const;          // connections accepted so far

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::sandbox
