// stopping.hpp: ends a Poco server at once. Its accept loop looks only four times a second whether it shall end; a
// connection wakes it.
#pragma once

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace syncline::sandbox {

template <class F>
void stop_at_once(const Poco::Net::SocketAddress& listening, const F& stop) {
  const Poco::Net::SocketAddress address(listening.host().isWildcard() ? "127.0.0.1" : listening.host().toString(),
                                         listening.port());
  std::atomic<bool> stopped{false};
  std::thread waker([&] {
    while (!stopped) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      try {
        Poco::Net::StreamSocket socket;
        socket.connect(address, Poco::Timespan(0, 100'000));
      } catch (const std::exception&) {
        return;  // it listens no more
      }
    }
  });
  stop();
  stopped = true;
  waker.join();
}

}  // namespace syncline::sandbox
