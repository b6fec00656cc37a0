#include "storage/rocks_options.hpp"

#include "storage/rocks_log.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <sys/resource.h>

#include <algorithm>
#include <thread>

namespace restante {

namespace {

constexpr uint64_t mebibyte = 1024 * 1024;

/// A quarter of the files this process may have open. Connections get descriptors up to the half
/// (bridges/connection_guard.hpp), of which the node itself needs some sixty.
int open_files_max() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return 256;
  return static_cast<int>(std::clamp<rlim_t>(files.rlim_cur / 4, 64, 16'384));
}

} // namespace

rocksdb::ColumnFamilyOptions family_options(family in,
                                            const std::shared_ptr<rocksdb::Cache>& cache) {
  const bool blobs = in == family::media || in == family::archive;
  const bool looked_up = in == family::profiles || in == family::aliases || in == family::messages;
  const bool queue = in == family::changes || in == family::outbox;

  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  // Ten million mailboxes have gigabytes of indexes and filters: bounded with the rest, not beside.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (looked_up)
    // "Is this deposit new?" is asked for each deposit and mostly answered by the filter.
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.level_compaction_dynamic_level_bytes = true;
  options.write_buffer_size = (in == family::media ? 128 : 32) * mebibyte;
  options.max_write_buffer_number = 4;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  if (in == family::messages) {
    options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(indexed_prefix_bytes));
    // A mailbox that is loaded after a while has nothing in the memory tables.
    options.memtable_prefix_bloom_size_ratio = 0.02;
  }
  if (queue)
    // Read from the front and erased there: without this every look walks over the erased rows.
    options.table_properties_collector_factories.push_back(
        rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048));
  if (blobs) {
    options.enable_blob_files = true;
    options.min_blob_size = 4096;
    options.enable_blob_garbage_collection = true;
    options.blob_garbage_collection_force_threshold = 0.5;
  }
  if (in == family::media) {
    // Speech and video are compressed already.
    options.compression = rocksdb::kNoCompression;
    options.bottommost_compression = rocksdb::kDisableCompressionOption;
  }
  if (in == family::archive) {
    options.compression = rocksdb::kZSTD;
    options.blob_compression_type = rocksdb::kZSTD;
  }
  return options;
}

rocksdb::DBOptions database_options(const std::filesystem::path& directory) {
  rocksdb::DBOptions options;
  options.create_missing_column_families = true;
  options.paranoid_checks = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.wal_compression = rocksdb::kNoCompression;
  options.recycle_log_file_num = 0;
  options.max_bgerror_resume_count = 0;
  // A log in the middle that is gone would be passed over without a word. Wherever a database was
  // written with this, it must be opened with it: read-only opening ends the process otherwise.
  options.track_and_verify_wals_in_manifest = true;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // What has to be read back after a kill, and what quiet families may hold against deletion.
  options.max_total_wal_size = 256 * mebibyte;
  options.max_background_jobs =
      static_cast<int>(std::clamp(std::thread::hardware_concurrency(), 2U, 8U));
  // Flushes reach the disk piece by piece, so that no commit's sync waits for all of one.
  options.bytes_per_sync = mebibyte;
  // The default of 16 MiB/s, when flushes fall behind, is less than a twentieth of the normal rate.
  options.delayed_write_rate = 128 * mebibyte;
  options.avoid_unnecessary_blocking_io = true;
  options.max_open_files = open_files_max();
  options.info_log = std::make_shared<rocks_log>(directory);
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

} // namespace restante
