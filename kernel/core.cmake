# The sync core. syncline_pure is what decides: no I/O, no clock but the one given, linked without Poco, SQLite or
# Boost.DLL. syncline_core adds the ledger, the spool and the pass; it knows plugins by the sdk's tables only.
find_package(rapidcheck REQUIRED)
find_path(XXHASH_INCLUDE xxhash.h REQUIRED)

add_library(syncline_pure STATIC document.cpp match.cpp reconcile.cpp stages.cpp token.cpp)
target_link_libraries(syncline_pure PUBLIC syncline_sdk syncline_basics Boost::json PRIVATE syncline_warnings)
target_include_directories(syncline_pure PUBLIC ${CMAKE_CURRENT_SOURCE_DIR} PRIVATE SYSTEM ${XXHASH_INCLUDE})

add_library(syncline_core STATIC
  apply.cpp capture.cpp decide.cpp facts.cpp feed_walk.cpp host.cpp ledger.cpp ledger_batch.cpp ledger_json.cpp ledger_runs.cpp marks.cpp moves.cpp needs.cpp org_feeds.cpp
  pair.cpp pass.cpp record.cpp record_create.cpp recover.cpp report.cpp requests.cpp rows.cpp spool.cpp)
target_link_libraries(syncline_core PUBLIC syncline_pure syncline_formats spdlog::spdlog OpenSSL::Crypto Threads::Threads
  PRIVATE syncline_warnings)

add_library(syncline_engine STATIC
  daemon.cpp due_queue.cpp examination.cpp installation.cpp leases.cpp notify.cpp preparation.cpp schedule.cpp schedule_pass.cpp trial.cpp trial_sides.cpp)
target_link_libraries(syncline_engine PUBLIC syncline_core syncline_config PRIVATE syncline_warnings)

# step(): nothing in the program, the end of the process in the crash tests.
add_library(syncline_step OBJECT step.cpp)
add_library(syncline_step_crash OBJECT step_crash.cpp)
foreach(target syncline_step syncline_step_crash)
  target_link_libraries(${target} PRIVATE syncline_warnings)
endforeach()

syncline_test(document_test unit document_test.cpp LIBS syncline_pure rapidcheck)
syncline_test(reconcile_test unit reconcile_test.cpp LIBS syncline_pure)
syncline_test(match_test unit match_test.cpp LIBS syncline_pure)
syncline_test(token_test unit token_test.cpp LIBS syncline_pure)
syncline_test(due_queue_test unit due_queue_test.cpp LIBS syncline_engine $<TARGET_OBJECTS:syncline_step>)
syncline_test(notify_test unit notify_test.cpp LIBS syncline_engine $<TARGET_OBJECTS:syncline_step>)
syncline_test(ledger_runs_test unit ledger_runs_test.cpp LIBS syncline_core $<TARGET_OBJECTS:syncline_step>)
syncline_test(trial_test unit trial_test.cpp LIBS syncline_engine syncline_paths $<TARGET_OBJECTS:syncline_step>
  DEPENDS memory rules storage-sqlite)
