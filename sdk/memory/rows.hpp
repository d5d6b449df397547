// rows.hpp: JSON objects by key, in memory or over an append log that several processes may share. A transaction is one
// line of the log: it is there whole or not at all.
#pragma once

#include <boost/json.hpp>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::memory {
namespace json = boost::json;

class Rows {
 public:
  /// An empty path: in memory only.
  explicit Rows(std::filesystem::path path = {});
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;
  ~Rows();

  /// Exclusive use of the rows, among threads and processes. What is not committed is undone.
  class Session {
   public:
    explicit Session(Rows& rows);
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    ~Session();

    [[nodiscard]] const json::object* get(const std::string& key) const;
    void put(const std::string& key, json::object row);
    void erase(const std::string& key);
    /// Rows whose key begins with `prefix`, in key order. `f` must not write.
    template <class F>
    void each(const std::string& prefix, F&& f) const {
      for (auto it = rows_.rows_.lower_bound(prefix); it != rows_.rows_.end() && it->first.starts_with(prefix); ++it)
        f(it->first, it->second);
    }
    void commit();

   private:
    void remember(const std::string& key);
    Rows& rows_;
    std::unique_lock<std::mutex> lock_;
    std::map<std::string, std::optional<json::object>> before_;
  };

 private:
  void catch_up();
  void append(const std::string& line);

  std::mutex mutex_;
  std::filesystem::path path_;
  int fd_ = -1;
  std::uint64_t read_to_ = 0;
  std::map<std::string, json::object> rows_;
};

}  // namespace syncline::memory
