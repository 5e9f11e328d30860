// SPDX-License-Identifier: BSD-3-Clause
#include "command/openmetrics.h"

#include "catch.h"
#include "command/metrics.h"
#include "served_gateway.h"

#include <set>
#include <sstream>

namespace openmetrics_test {

using namespace sluice::command;
using namespace sluice::command::testing;

TEST_CASE("openmetrics: a counter's family has no _total, bounds are floats, EOF ends it",
          "[command]") {
    CHECK(to_openmetrics("# HELP sluice_x_total Xs.\n"
                         "# TYPE sluice_x_total counter\n"
                         "sluice_x_total{a=\"b\"} 7\n"
                         "# TYPE sluice_p histogram\n"
                         "sluice_p_bucket{le=\"4\"} 2\n"
                         "sluice_p_bucket{le=\"+Inf\"} 3\n") ==
          "# HELP sluice_x Xs.\n"
          "# TYPE sluice_x counter\n"
          "sluice_x_total{a=\"b\"} 7\n"
          "# TYPE sluice_p histogram\n"
          "sluice_p_bucket{le=\"4.0\"} 2\n"
          "sluice_p_bucket{le=\"+Inf\"} 3\n"
          "# EOF\n");
}

TEST_CASE("openmetrics: no two families have one name without _total", "[command]") {
    Gateway gateway;
    std::istringstream lines(to_openmetrics(metrics_text(gateway.subject())));
    std::set<std::string> families;
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with("# TYPE "))
            CHECK(families.insert(line.substr(7, line.rfind(' ') - 7)).second);
    CHECK(families.size() > 50);
    CHECK(families.contains("sluice_packets_received"));
}

TEST_CASE("openmetrics: it is sent to who names it, and prefers nothing else", "[command]") {
    CHECK(prefers_openmetrics("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    CHECK(prefers_openmetrics(
        "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q="
        "0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
    CHECK(prefers_openmetrics("text/plain, application/openmetrics-text"));
    CHECK_FALSE(prefers_openmetrics(""));
    CHECK_FALSE(prefers_openmetrics("*/*"));
    CHECK_FALSE(prefers_openmetrics("text/plain;version=0.0.4"));
    CHECK_FALSE(prefers_openmetrics("application/openmetrics-text;q=0"));
    CHECK_FALSE(prefers_openmetrics("application/openmetrics-text;q=0.3, text/plain;q=0.4"));
    CHECK_FALSE(prefers_openmetrics("application/openmetrics-text;q=x, text/plain"));
}

}  // namespace openmetrics_test
