// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_collector.h"

#include "catch.h"

#include <string>
#include <vector>

namespace read_collector_test {

using namespace sluice;
using namespace sluice::config;

namespace {

Result<FlowLogTarget> read(const std::string& word) {
    const std::vector<std::string> given{word};
    return read_ipfix({"ipfix", given});
}

Result<std::vector<FlowLogTarget>> read_flows(const std::vector<std::string>& given) {
    return read_log_flows({"log-flows", given});
}

Collector at(Transport transport, uint32_t address, uint16_t port) {
    return {transport, Be32::from_host(address), Be16::from_host(port)};
}

}  // namespace

TEST_CASE("collector: of IPFIX it has a transport, an address and a port", "[config]") {
    const FlowLogTarget udp = read("udp:192.0.2.5:4739").value();
    CHECK(udp.form == LogForm::Ipfix);
    CHECK(udp.collector == at(Transport::Udp, 0xc0000205, 4739));
    CHECK(udp.name == "--ipfix udp:192.0.2.5:4739");
    CHECK(read("tcp:127.0.0.1:1").value().collector == at(Transport::Tcp, 0x7f000001, 1));
    CHECK(read("udp:10.0.0.1:65535").value().collector.port == Be16::from_host(65535));
}

TEST_CASE("collector: NetFlow goes by UDP alone", "[config]") {
    const auto read_given = [](const std::string& word) {
        const std::vector<std::string> given{word};
        return read_netflow9({"netflow9", given});
    };
    const FlowLogTarget target = read_given("udp:192.0.2.5:2055").value();
    CHECK(target.form == LogForm::Netflow9);
    CHECK(target.collector == at(Transport::Udp, 0xc0000205, 2055));
    CHECK(target.name == "--netflow9 udp:192.0.2.5:2055");
    CHECK(read_given("tcp:192.0.2.5:2055").error().message ==
          "--netflow9 tcp:192.0.2.5:2055: NetFlow goes by UDP alone, as in udp:192.0.2.5:2055; "
          "--ipfix goes by TCP too");
    CHECK(read_given("192.0.2.5:2055").error().message.ends_with("as in udp:192.0.2.5:2055"));
}

TEST_CASE("collector: flows are logged into files, and by syslog here or elsewhere", "[config]") {
    const auto targets = read_flows({"json:/var/log/a.json,file:/var/log/a.log", "syslog",
                                     "syslog:tcp:192.0.2.5:601"})
                             .value();
    REQUIRE(targets.size() == 4);
    CHECK(targets[0] == FlowLogTarget{LogForm::Json,
                                      {.transport = Transport::File, .path = "/var/log/a.json"},
                                      "--log-flows json:/var/log/a.json"});
    CHECK(targets[1].form == LogForm::Text);
    CHECK(targets[1].collector.path == "/var/log/a.log");
    CHECK(targets[2].form == LogForm::Syslog);
    CHECK(targets[2].collector == Collector{.transport = Transport::Local, .path = "/dev/log"});
    CHECK(targets[3].form == LogForm::Syslog);
    CHECK(targets[3].collector == at(Transport::Tcp, 0xc0000205, 601));
}

TEST_CASE("collector: what flows cannot be logged to is named, with what is wanted", "[config]") {
    for (const char* word : {"json", "json:", "json:a.json", "file:/var/log/", "xml:/a", "syslog:",
                             "syslog:192.0.2.5:514", "syslog:udp:192.0.2.5", "/var/log/a"}) {
        CAPTURE(word);
        const auto targets = read_flows({word});
        REQUIRE_FALSE(targets);
        CHECK(targets.error().message.starts_with(std::string("--log-flows ") + word + ": "));
        CHECK(targets.error().message.find("wanted") != std::string::npos);
    }
    CHECK(read_flows({"json:/a", "file:/a"}).error().message ==
          "--log-flows file:/a: it is given twice");
}

TEST_CASE("collector: what is malformed is named, with what is wanted", "[config]") {
    for (const char* word :
         {"", "192.0.2.5:4739", "sctp:192.0.2.5:4739", "UDP:192.0.2.5:4739", "udp:", "udp::4739",
          "udp:collector.example:4739", "udp:[::1]:4739", "udp:192.0.2.5", "udp:192.0.2.5:",
          "udp:192.0.2.5:0", "udp:192.0.2.5:65536", "udp:192.0.2.5:4739x", "udp:192.0.2.5: 4739",
          "udp:0.0.0.0:4739", "udp:239.1.1.1:4739", "udp:255.255.255.255:4739"}) {
        CAPTURE(word);
        const auto collector = read(word);
        REQUIRE_FALSE(collector);
        const std::string& message = collector.error().message;
        CHECK(
            message.starts_with(std::string("--ipfix ") + (*word == '\0' ? "\"\"" : word) + ": "));
        CHECK(message.find("udp:192.0.2.5:4739") != std::string::npos);
    }
}

}  // namespace read_collector_test
