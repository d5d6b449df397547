// bench-discard PORT USER PASSWORD STATE: the ceiling of what a POP3 client can do: pipelined commands, what comes is
// thrown away. STATE keeps the UIDLs that it has had.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

namespace {

class Session {
 public:
  explicit Session(int port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(port));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("no connection");
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() { ::close(fd_); }
  void say(const std::string& text) const {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = ::send(fd_, text.data() + at, text.size() - at, MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("the connection broke");
      at += static_cast<std::size_t>(n);
    }
  }
  /// One line without its end.
  std::string line() {
    std::string out;
    for (;;) {
      const auto* from = buffer_.data() + at_;
      const auto* end = static_cast<const char*>(std::memchr(from, '\n', size_ - at_));
      if (end != nullptr) {
        out.append(from, end);
        at_ += static_cast<std::size_t>(end - from) + 1;
        if (!out.empty() && out.back() == '\r') out.pop_back();
        return out;
      }
      out.append(from, size_ - at_);
      fill();
    }
  }
  void ok() {
    const std::string l = line();
    if (!l.starts_with("+OK")) throw std::runtime_error("the server said " + l);
  }
  /// Reads on to the line with a dot.
  void skip_message() {
    static constexpr std::string_view end = "\r\n.\r\n";
    std::size_t matched = 2;  // the first line may be the dot
    for (;;) {
      while (at_ < size_) {
        if (matched == 0) {
          const auto* next = static_cast<const char*>(std::memchr(buffer_.data() + at_, '\r', size_ - at_));
          if (next == nullptr) {
            at_ = size_;
            break;
          }
          at_ = static_cast<std::size_t>(next - buffer_.data());
        }
        const char c = buffer_.at(at_++);
        matched = c == end.at(matched) ? matched + 1 : c == '\r' ? 1 : 0;
        if (matched == end.size()) return;
      }
      fill();
    }
  }

 private:
  void fill() {
    const ssize_t n = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
    if (n <= 0) throw std::runtime_error("the connection broke");
    at_ = 0;
    size_ = static_cast<std::size_t>(n);
  }
  int fd_;
  std::array<char, 65536> buffer_{};
  std::size_t at_ = 0, size_ = 0;
};

int run(char** argv) {
  std::unordered_set<std::string> had;
  {
    std::ifstream in(argv[4]);
    for (std::string id; std::getline(in, id);) had.insert(id);
  }
  Session s(std::stoi(argv[1]));
  s.ok();
  s.say(std::string("USER ") + argv[2] + "\r\n");
  s.ok();
  s.say(std::string("PASS ") + argv[3] + "\r\n");
  s.ok();
  s.say("UIDL\r\n");
  s.ok();
  std::vector<std::string> numbers;
  std::ofstream out(argv[4], std::ios::app);
  for (std::string l = s.line(); l != "."; l = s.line()) {
    const std::size_t blank = l.find(' ');
    if (!had.insert(l.substr(blank + 1)).second) continue;
    numbers.push_back(l.substr(0, blank));
    out << l.substr(blank + 1) << "\n";
  }
  constexpr std::size_t window = 64;
  std::size_t asked = 0;
  for (std::size_t got = 0; got < numbers.size(); ++got) {
    if (asked < numbers.size() && asked - got < window / 2) {
      std::string more;
      for (; asked < numbers.size() && asked - got < window; ++asked) more += "RETR " + numbers[asked] + "\r\n";
      s.say(more);
    }
    s.ok();
    s.skip_message();
  }
  s.say("QUIT\r\n");
  s.ok();
  std::cout << numbers.size() << "\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "bench-discard PORT USER PASSWORD STATE\n";
    return 1;
  }
  try {
    return run(argv);
  } catch (const std::exception& e) {
    std::cerr << "bench-discard: " << e.what() << "\n";
    return 1;
  }
}
