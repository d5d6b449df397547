#include "notify.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

namespace syncline {
namespace {

/// The manager's end of the socket.
class ServiceManager {
 public:
  ServiceManager() {
    std::string pattern = (std::filesystem::temp_directory_path() / "syncline-notify-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    path_ = (folder_ / "socket").string();
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, path_.c_str(), path_.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
  }
  ~ServiceManager() {
    ::close(fd_);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) ::unsetenv(name);
    std::filesystem::remove_all(folder_);
  }
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;
  /// The next datagram; empty: none has come.
  [[nodiscard]] std::string next() const {
    std::array<char, 1024> buffer{};
    const auto n = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return n < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(n));
  }

 private:
  std::filesystem::path folder_;
  std::string path_;
  int fd_ = -1;
};

TEST(ServiceNotifier, TellsReadyStatusAndStopping) {
  const ServiceManager manager;
  ServiceNotifier notifier;
  notifier.ready("3 pairs\nall well");
  EXPECT_EQ(manager.next(), "READY=1\nSTATUS=3 pairs all well");
  notifier.status("2 failing");
  EXPECT_EQ(manager.next(), "STATUS=2 failing");
  notifier.status("2 failing");
  EXPECT_EQ(manager.next(), "") << "the same again is not sent";
  notifier.reloading();
  EXPECT_EQ(manager.next().rfind("RELOADING=1\nMONOTONIC_USEC=", 0), 0U);
  notifier.stopping();
  EXPECT_EQ(manager.next(), "STOPPING=1\nSTATUS=stopping");
}

TEST(ServiceNotifier, GivesASignOfLifeOnlyWhereAWatchdogWaits) {
  const ServiceManager manager;
  ServiceNotifier none;
  none.alive();
  EXPECT_EQ(manager.next(), "");
  ::setenv("WATCHDOG_USEC", "60000000", 1);
  ServiceNotifier watched;
  watched.alive();
  EXPECT_EQ(manager.next(), "WATCHDOG=1");
  watched.alive();
  EXPECT_EQ(manager.next(), "") << "half of the time has not passed";
  ::setenv("WATCHDOG_PID", "1", 1);
  ServiceNotifier somebody_else;
  somebody_else.alive();
  EXPECT_EQ(manager.next(), "");
}

TEST(ServiceNotifier, IsSilentWithoutAManager) {
  ::unsetenv("NOTIFY_SOCKET");
  ServiceNotifier notifier;
  notifier.ready("nobody listens");
  notifier.alive();
}

}  // namespace
}  // namespace syncline
