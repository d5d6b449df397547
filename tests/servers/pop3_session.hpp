// One connection of the POP3 server: reads commands, answers them, and fails as it was told to.
#pragma once
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "pop3.hpp"

namespace syncline::sandbox {

struct Pop3World {  // shared by all sessions
  struct Mailbox {
    std::string password, token;
    std::vector<Pop3Message> messages;
    bool locked = false;
  };
  mutable std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;
  Pop3Options options;
  Pop3Faults faults;
  int fault_count = -1;  // how many numbered faults are still to act; -1: all
  std::map<std::string, Mailbox> mailboxes;
  std::vector<std::string> log;
  std::size_t sessions = 0;
};

class Pop3Session {
 public:
  Pop3Session(Pop3World& world, const Poco::Net::StreamSocket& socket);
  void run();

 private:
  enum class State { AUTHORIZATION, TRANSACTION };
  struct Command {
    std::string name, first, rest;  // rest: all behind the name
  };
  struct Entry {
    Pop3Message message;
    bool deleted = false;
  };

  bool read_line(std::string& line, std::size_t limit = 255);  // false: closed, stopped or too long
  void send(const std::string& text);
  void ok(const std::string& text) { send("+OK " + text + "\r\n"); }
  void err(const std::string& text) { send("-ERR " + text + "\r\n"); }
  bool handle(const Command& command);  // false: the connection ends
  bool authorization(const Command& command);
  bool transaction(const Command& command);
  void capa();
  void stls();
  void note(const Command& command, const std::string& line);  // into the log, without secrets
  void apop(const Command& command);
  bool auth(const Command& command);                                // false: the connection ends
  bool challenge(const std::string& words, std::string& response);  // false: closed, or given up with "*"
  bool plain(std::string response);
  bool login();
  bool xoauth2(std::string response);
  // `right`: whether the credentials are, for a mailbox that exists.
  void open_mailbox(const std::string& user, const std::function<bool(const Pop3World::Mailbox&)>& right);
  bool quit();
  void leave();                             // gives the mailbox free
  void commit();                            // what was marked as deleted goes
  Entry* entry(const std::string& number);  // null: an error was sent
  void listing(const Command& command, bool ids);
  std::string shown_uidl(std::size_t index) const;
  bool retrieve(const Command& command, bool top);
  bool strikes(int number, std::size_t index);  // whether the numbered fault acts on this message
  void hang();
  void pause(std::chrono::milliseconds time);

  Pop3World& world_;
  Poco::Net::StreamSocket socket_;
  std::string input_;
  State state_ = State::AUTHORIZATION;
  bool secure_ = false;
  std::string user_, mailbox_, timestamp_;
  std::vector<Entry> entries_;
  std::size_t number_ = 0;  // of the session
};

}  // namespace syncline::sandbox
