// call.hpp: a call into a plugin from the caller's side: its deadline, the instance it goes to, and whose an error is.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "plugin.hpp"

namespace syncline {

/// A call with a deadline from now and an optional cancel poll. Not copyable: plugins hold its address during the call.
class CallBudget {
 public:
  explicit CallBudget(std::chrono::milliseconds budget, std::function<bool()> canceled = {})
      : until_(std::chrono::steady_clock::now() + budget), canceled_(std::move(canceled)) {
    call_.raw.size = sizeof(sy_call);
    call_.raw.remaining_ms = [](const sy_call* c) {
      const auto left = owner(c).until_ - std::chrono::steady_clock::now();
      return static_cast<std::int64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
    };
    call_.raw.canceled = [](const sy_call* c) { return owner(c).canceled_ && owner(c).canceled_() ? 1 : 0; };
    call_.owner = this;
  }
  CallBudget(const CallBudget&) = delete;
  CallBudget& operator=(const CallBudget&) = delete;
  operator const sy_call*() const { return &call_.raw; }
  [[nodiscard]] Call call() const { return Call(call_.raw); }

 private:
  struct Owned {  // standard layout, sy_call first: the pointer that comes back leads to the owner
    sy_call raw{};
    const CallBudget* owner = nullptr;
  };
  static const CallBudget& owner(const sy_call* c) { return *reinterpret_cast<const Owned*>(c)->owner; }
  Owned call_;
  std::chrono::steady_clock::time_point until_;
  std::function<bool()> canceled_;
};

/// An error of a call to a connected system, with the connection's name: who schedules wants to know which one is away.
class ConnectionError : public Error {
 public:
  ConnectionError(const Error& e, std::string connection) : Error(e), connection_(std::move(connection)) {}
  [[nodiscard]] const std::string& connection() const noexcept { return connection_; }

 private:
  std::string connection_;
};

/// The name under which a connection's errors are reported; absent: they bear none.
using Origin = std::shared_ptr<const std::string>;

inline void check(sy_code code, const sy_error& e, const Origin& origin) {
  if (code == SY_OK) return;
  try {
    check(code, e);
  } catch (const Error& plain) {
    if (!origin) throw;
    throw ConnectionError(plain, *origin);
  }
}

inline std::vector<sy_str> borrow_all(std::span<const std::string> texts) {
  std::vector<sy_str> out;
  out.reserve(texts.size());
  for (const std::string& t : texts) out.push_back(borrow(t));
  return out;
}

/// An instance of a class, destroyed with its handle (the library stays).
class Instance {
 public:
  Instance() = default;
  Instance(const sy_class& cls, const sy_host& host, std::string_view config) : class_(&cls) {
    sy_error e = no_error();
    self_ = cls.create(&host, borrow(config), &e);
    if (self_ == nullptr) check(e.code == SY_OK ? SY_BROKEN : e.code, e);
  }
  Instance(Instance&& o) noexcept : class_(std::exchange(o.class_, nullptr)), self_(std::exchange(o.self_, nullptr)) {}
  Instance& operator=(Instance&& o) noexcept {
    std::swap(class_, o.class_);
    std::swap(self_, o.self_);
    return *this;
  }
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  ~Instance() {
    if (self_ != nullptr) class_->destroy(self_);
  }
  [[nodiscard]] void* self() const { return self_; }
  [[nodiscard]] const sy_class& type() const { return *class_; }
  template <class Table>
  [[nodiscard]] const Table* table(const char* id) const {
    return self_ == nullptr ? nullptr : static_cast<const Table*>(class_->extension(self_, id));
  }

 private:
  const sy_class* class_ = nullptr;
  void* self_ = nullptr;
};

}  // namespace syncline
