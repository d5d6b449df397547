// bench-mailserver: Dovecot on loopback with one mailbox of generated messages, until standard input ends.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

#include "mails.hpp"
#include "peers/dovecot/dovecot.hpp"

int main(int argc, char** argv) {
  std::size_t count = 20'000;
  std::size_t big = 0;
  CLI::App app{"Dovecot with a mailbox of generated messages"};
  app.add_option("--count", count);
  app.add_option("--big", big, "One more message, with an attachment of so many bytes");
  CLI11_PARSE(app, argc, argv);
  try {
    syncline::peers::Dovecot server({"alice"}, "alice-password");
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const std::string text = syncline::bench::message(i, "alice@contoso.test");
      bytes += text.size();
      server.deliver("alice", text);
    }
    if (big != 0) {
      std::string text =
          "From: Customer <customer0@fabrikam0.test>\r\nTo: Alice <alice@contoso.test>\r\nSubject: big\r\n"
          "Date: Thu, 1 Jan 2026 12:00:00 +0000\r\nMessage-ID: <big@fabrikam.test>\r\nMIME-Version: 1.0\r\n"
          "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
      while (text.size() < big) text += std::string(76, 'Q') + "\r\n";
      bytes += text.size();
      server.deliver("alice", text);
    }
    std::cout << "{\"port\": " << server.starttls_port() << ", \"count\": " << count << ", \"bytes\": " << bytes
              << ", \"user\": \"alice\", \"password\": \"alice-password\"}" << std::endl;
    std::array<char, 256> ignored{};
    while (::read(STDIN_FILENO, ignored.data(), ignored.size()) > 0) {}
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "bench-mailserver: " << e.what() << "\n";
    return 1;
  }
}
