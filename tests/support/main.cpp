// The entry point every test program shares; each program links it once.
#define BOOST_TEST_MODULE restante
#include <boost/test/unit_test.hpp>
