// SPDX-License-Identifier: BSD-3-Clause
#include "catch.h"
#include "command/endpoints.h"
#include "served_gateway.h"

namespace packets_test {

using namespace sluice;
using namespace sluice::command;
using namespace sluice::command::testing;

TEST_CASE("server: a trace ends after its time, a capture has a section and its statistics",
          "[command]") {
    ServedGateway gateway;
    const auto trace = gateway.client().Get("/v1/trace?seconds=1");
    REQUIRE(trace);
    CHECK(trace->status == 200);
    CHECK(trace->body.empty());
    const auto capture = gateway.client().Get("/v1/capture?seconds=1");
    REQUIRE(capture);
    CHECK(capture->get_header_value("Content-Type") == "application/x-pcapng");
    CHECK(capture->body.starts_with("\x0a\x0d\x0d\x0a"));
    CHECK(capture->body.find("sluice 1.2.3") != std::string::npos);
}

TEST_CASE("server: a wrong question about packets is refused, and one too many", "[command]") {
    ServedGateway gateway;
    for (const char* path : {"/v1/trace?count=x", "/v1/capture?drops=never"}) {
        const auto answer = gateway.client().Get(path);
        REQUIRE(answer);
        CHECK(answer->status == 400);
    }
    const auto first = gateway.watches.open({});
    const auto second = gateway.watches.open({});
    const auto answer = gateway.client().Get("/v1/trace");
    REQUIRE(answer);
    CHECK(answer->status == 503);
    CHECK(answer->body.starts_with("2 captures or traces are running"));
}

TEST_CASE("endpoints: packets are shown to the owner of the socket alone", "[command][security]") {
    Gateway gateway;
    const Subject subject = gateway.subject();
    const Outlooks outlooks(subject);
    const Recorder recorder(subject, outlooks);
    Tally tally(subject.operator_counters);
    Endpoints endpoints(subject, recorder, tally, {.background = {.idle_class = false}});
    for (const char* path : {"/v1/trace", "/v1/capture"}) {
        httplib::Request request;
        request.method = "GET";
        request.path = path;
        httplib::Response response;
        endpoints.answer(request, response, Access::Read);
        CHECK(response.status == 403);
        CHECK(response.body == "Only the owner of the control socket may see packets.\n");
        CHECK(gateway.watches.at(0) == nullptr);
    }
}

}  // namespace packets_test
