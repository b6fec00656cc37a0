#include "cluster/cli.hpp"

int main(int argc, char** argv) { return restante::run_cli(argc, argv); }
