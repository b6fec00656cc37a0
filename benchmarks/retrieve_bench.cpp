#include "benchmarks/retrieve_bench.hpp"

#include "benchmarks/filled_node.hpp"

namespace restante::bench {

retrieve_figures run_retrievals(const retrieve_options& how) {
  init_crypto();
  filled_node filled{how.count, how.size, how.directory};
  auto& node = filled.node();
  for (int i = 0; i < 2; ++i) { // the first start reads the log back, which stays in memory
    node.stop();
    node.start();
  }
  retrieve_figures out;
  out.from_disk = filled.retrievals(how.window, "retrievals from disk");
  out.again = filled.retrievals(how.window, "retrievals again");
  return out;
}

} // namespace restante::bench
