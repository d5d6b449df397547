#include "database.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>

namespace syncline::sqlite {

Statement::~Statement() {
  if (raw_ == nullptr) return;
  sqlite3_reset(raw_);
  sqlite3_clear_bindings(raw_);
}

Statement& Statement::bind(std::int64_t value) {
  if (const int rc = sqlite3_bind_int64(raw_, next_++, value); rc != SQLITE_OK)
    db_->fail(rc, "a value could not be bound");
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  const char* at = text.data() == nullptr ? "" : text.data();
  const int rc = sqlite3_bind_text64(raw_, next_++, at, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  if (rc != SQLITE_OK) db_->fail(rc, "a document could not be bound");
  return *this;
}

Statement& Statement::bind_blob(std::string_view bytes) {
  const int at = next_++;
  const int rc = bytes.empty() ? sqlite3_bind_null(raw_, at)
                               : sqlite3_bind_blob64(raw_, at, bytes.data(), bytes.size(), SQLITE_STATIC);
  if (rc != SQLITE_OK) db_->fail(rc, "a payload could not be bound");
  return *this;
}

bool Statement::step() {
  const int rc = sqlite3_step(raw_);
  if (rc == SQLITE_ROW) return true;
  if (rc != SQLITE_DONE) db_->fail(rc, "a statement failed");
  return false;
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(raw_, column); }

std::string_view Statement::bytes(int column) const {
  const auto* at = static_cast<const char*>(sqlite3_column_blob(raw_, column));
  const int n = sqlite3_column_bytes(raw_, column);
  return at == nullptr || n <= 0 ? std::string_view{} : std::string_view(at, static_cast<std::size_t>(n));
}

void Database::Close::operator()(sqlite3* db) const { sqlite3_close_v2(db); }
void Database::Finalize::operator()(sqlite3_stmt* s) const { sqlite3_finalize(s); }

Database::Database(Opening opening, const Call& call) : opening_(std::move(opening)) {
  sqlite3* raw = nullptr;
  const int flags = (opening_.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX;
  const int rc = sqlite3_open_v2(opening_.path.c_str(), &raw, flags, nullptr);
  db_.reset(raw);
  if (rc != SQLITE_OK) fail(rc, "the store cannot be opened");
  // SQLite itself would be content with reading.
  if (!opening_.read_only && sqlite3_db_readonly(raw, "main") == 1)
    fail(SQLITE_READONLY, "the store cannot be written");
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_handler(raw, &Database::on_busy, this);
  const Busy waiting(*this, call);  // even setting the cache reads the schema
  // Negative: KiB.
  exec("PRAGMA cache_size=-" + std::to_string(std::max<std::int64_t>(opening_.cache_bytes / 1024, 64)));
  exec("PRAGMA trusted_schema=OFF");
}

Database::~Database() = default;

Statement Database::prepare(std::string_view sql) {
  std::string text(sql);
  auto found = statements_.find(text);
  if (found == statements_.end()) {
    sqlite3_stmt* raw = nullptr;
    const int rc = sqlite3_prepare_v3(db_.get(), text.data(), static_cast<int>(text.size()), SQLITE_PREPARE_PERSISTENT,
                                      &raw, nullptr);
    std::unique_ptr<sqlite3_stmt, Finalize> made(raw);
    if (rc != SQLITE_OK) fail(rc, "a statement cannot be prepared");
    found = statements_.emplace(std::move(text), std::move(made)).first;
  }
  return {*this, found->second.get()};
}

void Database::exec(const std::string& sql) {
  if (const int rc = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr); rc != SQLITE_OK) {
    fail(rc, "a statement failed");
  }
}

std::int64_t Database::integer(std::string_view sql) {
  Statement s = prepare(sql);
  return s.step() ? s.integer(0) : 0;
}

std::int64_t Database::changes() const { return sqlite3_changes64(db_.get()); }
bool Database::in_transaction() const { return sqlite3_get_autocommit(db_.get()) == 0; }

void Database::rollback() noexcept {
  if (in_transaction()) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

int Database::on_busy(void* self, int attempt) {
  auto& db = *static_cast<Database*>(self);
  if (db.call_ == nullptr || std::chrono::steady_clock::now() >= db.until_) return 0;
  if (db.call_->raw().canceled(&db.call_->raw()) != 0) {
    db.canceled_ = true;
    return 0;
  }
  // Short at first: another process holds the lock for one commit, a few milliseconds.
  std::this_thread::sleep_for(std::chrono::milliseconds(std::min(1 + attempt, 25)));
  return 1;
}

int Database::on_progress(void* self) {
  const auto& db = *static_cast<Database*>(self);
  return db.call_ != nullptr && db.call_->canceled() ? 1 : 0;
}

namespace {
/// What the operating system said. A COMMIT that fails keeps it only in the file (the log or the database) it failed
/// on.
int system_error(sqlite3* db) {
  if (db == nullptr) return 0;
  if (const int code = sqlite3_system_errno(db); code != 0) return code;
  int code = 0;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log)) == SQLITE_OK &&
      log != nullptr && log->pMethods != nullptr) {
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
  }
  if (code == 0) sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &code);
  return code;
}

std::string reason(sqlite3* db) {
  const int code = system_error(db);
  return code == 0 ? std::string() : " (" + std::generic_category().message(code) + ")";
}

bool out_of_space(sqlite3* db) {
  const int code = system_error(db);
  return code == ENOSPC || code == EDQUOT || code == EFBIG;
}
}  // namespace

void Database::fail(int rc, std::string_view doing) const {
  sqlite3* db = db_.get();
  const std::string where = "store " + opening_.path + ": ";
  const std::string code = sqlite3_errstr(rc);
  const std::string server = "SQLITE_" + std::to_string(rc);
  const auto error = [&](sy_code c, const std::string& what) { return Error(c, where + what, 0, server); };
  switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      if (canceled_) throw error(SY_CANCELED, "canceled while another process held the write lock");
      throw error(SY_RETRY,
                  "another process held the lock until the waiting time was over; try again, or look for a "
                  "program (a backup, a sqlite3 shell) that keeps a transaction open");
    case SQLITE_FULL:
      throw error(SY_FULL, "no space left; free space on its file system (or raise its quota), nothing is lost");
    case SQLITE_IOERR:
      if (out_of_space(db)) {
        throw error(SY_FULL, "it cannot grow" + reason(db) + "; free space or raise the limit, nothing is lost");
      }
      throw error(SY_BROKEN, "reading or writing failed: " + code + reason(db) + "; check the disk and the system log");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw error(SY_CONFIG, "it is not writable" + reason(db) +
                                 "; make the file and its folder writable for the user that runs Syncline");
    case SQLITE_CANTOPEN:
      throw error(SY_CONFIG,
                  "it cannot be opened" + reason(db) +
                      "; the folder must exist and be readable and writable for the user that runs Syncline");
    case SQLITE_CORRUPT:
      throw error(SY_CONFIG,
                  "it is damaged; stop Syncline, keep the file, and restore a backup (nothing is created twice)");
    case SQLITE_NOTADB:
      throw error(SY_CONFIG, "not a Syncline store (no SQLite database at all); correct `path` or move the file away");
    case SQLITE_NOMEM: throw error(SY_BROKEN, "out of memory");
    case SQLITE_INTERRUPT: throw error(SY_CANCELED, "canceled");
    case SQLITE_TOOBIG: throw error(SY_INVALID, "a row is bigger than the store can keep");
    default:
      throw error(SY_BROKEN, std::string(doing) + ": " + (db == nullptr ? code : std::string(sqlite3_errmsg(db))));
  }
}

Busy::Busy(Database& db, const Call& call, bool interruptible) : db_(db) {
  db.call_ = &call;
  db.canceled_ = false;
  const auto wait =
      std::min<std::int64_t>(db.opening_.busy_timeout.count(), std::max<std::int64_t>(call.remaining_ms(), 0));
  db.until_ = std::chrono::steady_clock::now() + std::chrono::milliseconds(wait);
  if (interruptible) sqlite3_progress_handler(db.db_.get(), 10'000, &Database::on_progress, &db);
}

Busy::~Busy() {
  sqlite3_progress_handler(db_.db_.get(), 0, nullptr, nullptr);
  db_.call_ = nullptr;
}

}  // namespace syncline::sqlite
