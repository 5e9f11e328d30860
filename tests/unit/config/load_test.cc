// SPDX-License-Identifier: BSD-3-Clause
#include "config/load.h"

#include "catch.h"
#include "config/flags.h"
#include "net/text.h"
#include "testing/has.h"

#include <set>
#include <string>
#include <vector>

namespace load_test {

using namespace sluice;
using namespace sluice::config;
using sluice::testing::has;

namespace {

Settings least() {
    return {{"lan", {"af_packet:l0"}},
            {"wan", {"af_packet:w0"}},
            {"lan-address", {"10.1.0.1/24"}},
            {"wan-address", {"198.51.100.1/24"}},
            {"gateway", {"198.51.100.254"}}};
}

/// An RSS key of so many bytes, in hexadecimal.
std::string key_of(size_t bytes) {
    std::string key;
    for (size_t i = 0; i < bytes; ++i)
        key += i % 2 == 0 ? "6d" : "6D:";
    return key;
}

Result<Config> load_with(const std::string& flag, const std::vector<std::string>& words) {
    Settings settings = least();
    settings[flag] = words;
    return load(settings, {});
}

Config loaded(const std::string& flag, const std::vector<std::string>& words) {
    const auto config = load_with(flag, words);
    CAPTURE(flag);
    REQUIRE(config.ok());
    return config.value();
}

struct Wrong {
    std::string flag;
    std::string value;
};

const Wrong kWrong[] = {
    {"burst", "0"},
    {"burst", "65"},
    {"prefetch", "2"},
    {"rx-ring", "32"},
    {"rx-ring", "1000"},
    {"tx-ring", "65536"},
    {"rss-key", "6d5a"},
    {"rss-key", "xx5a56da255b0ec24167253d43a38fb0d0ca2bcbae7b30b477cb2da38030f20c6a42b73bbeac01fa"},
    {"lan-address", "10.1.0.1"},
    {"lan-address", "10.1.0.1/33"},
    {"lan-address", "10.1.0/24"},
    {"wan-address", "x"},
    {"wan-address", ""},
    {"gateway", "198.51.100"},
    {"gateway", "198.51.100.256"},
    {"gateway", "198.51.100.254/24"},
    {"pool", "198.51.100.9-198.51.100.1"},
    {"pool", "198.51.100.0/24"},
    {"pool", "-"},
    {"inside", "10.1.0.0"},
    {"inside", "10.1.0.1/24"},
    {"inside", "10.1.0.0/24-"},
    {"snat", "10.2.0.0/16"},
    {"snat", "10.2.0.0/16 -> "},
    {"snat", "-> 198.51.100.9"},
    {"snat", "10.2.0.1/16 -> 198.51.100.9"},
    {"snat", "10.2.0.0/16 -> 198.51.100.9-198.51.100.1"},
    {"snat", "10.2.0.0/16 -> 198.51.100.9:"},
    {"snat", "10.2.0.0/16 -> 198.51.100.9:0-100"},
    {"snat", "10.2.0.0/16 -> 198.51.100.9:2000-1000"},
    {"snat", "10.2.0.0/16 -> 198.51.100.9:1000-65536"},
    {"snat", "10.2.0.0/16 -> 198.51.100.9 colour=blue"},
    {"snat", "10.2.0.0/16 to -> 198.51.100.9"},
    {"snat", "10.2.0.0/16 10.3.0.0/16 -> 198.51.100.9"},
    {"snat", "10.2.0.0/16 icmp 8 -> 198.51.100.9"},
    {"snat", "10.2.0.0/16 tcp -> 198.51.100.9 mapping=endpoint-independent"},
    {"no-nat", "10.2.0.1/16"},
    {"no-nat", "10.2.0.0/16 to 10.200.0.1/16"},
    {"deny", "10.2.0.0/16 tcp 0"},
    {"port-block-size", "8"},
    {"port-block-size", "500"},
    {"port-block-size", "65536"},
    {"port-blocks-per-host", "0"},
    {"port-blocks-per-host", "65"},
    {"port-hold", "86401"},
    {"reset-hold", "86401"},
    {"route", "10.9.0.0/16"},
    {"route", "10.9.0.0/16 via"},
    {"route", "10.9.0.1/16 via 10.1.0.9"},
    {"route", "10.9.0.0/16 to 10.1.0.9"},
    {"route", "10.9.0.0/16 via 10.1.0"},
    {"workers", "0"},
    {"workers", "64"},
    {"workers", "-1"},
    {"workers", "2x"},
    {"workers", ""},
    {"worker-cores", "3-1"},
    {"worker-cores", "1024"},
    {"worker-cores", "1-"},
    {"worker-cores", "a"},
    {"worker-cores", ","},
    {"control-core", "-1"},
    {"control-core", "1024"},
    {"control-core", "0,1"},
    {"idle", "yes"},
    {"idle", ""},
    {"flows", "0"},
    {"flows", "268435457"},
    {"flows", "1e6"},
    {"flows", "4294967297"},
    {"memory", "0"},
    {"memory", "15"},
    {"memory", "1048577"},
    {"no-huge", "2"},
    {"on-lost-port", "restart"},
    {"verify-checksum", "sometimes"},
    {"tcp-loose", "2"},
    {"tcp-be-liberal", "2"},
    {"tcp-ignore-invalid-rst", "yes"},
    {"tcp-max-retrans", "256"},
    {"timeout-tcp-max-retrans", "0"},
    {"invalid", "accept"},
    {"reject-rate", "1000001"},
    {"icmp-rate", "-1"},
    {"icmp-rate", "1000001"},
    {"stats-interval", "86401"},
    {"timeout-udp", "0"},
    {"timeout-udp", "1728001"},
    {"timeout-udp", "1.5"},
    {"timeout-tcp-established", "99999999999"},
};

}  // namespace

TEST_CASE("load: the least configuration gets all defaults", "[config]") {
    const auto result = load(least(), {"--log-level=8"});
    REQUIRE(result.ok());
    const Config& config = result.value();
    CHECK(config.lans.at(0).at.port == "af_packet:l0");
    REQUIRE(config.pool.size() == 1);
    CHECK(net::to_string(config.pool[0]) == "198.51.100.1");
    REQUIRE(config.inside.size() == 1);
    CHECK(net::to_string(config.inside[0]) == "10.1.0.0/24");
    CHECK(config.workers == 1);
    CHECK(config.flows == 262144);
    CHECK_FALSE(config.no_huge);
    CHECK_FALSE(config.accounting);
    CHECK_FALSE(config.idle.has_value());
    CHECK_FALSE(config.memory_mb.has_value());
    CHECK(config.tuning.tcp_loose);
    CHECK(config.icmp_rate == 1000);
    CHECK(config.eal == std::vector<std::string>{"--log-level=8"});
}

TEST_CASE("load: by default no host takes all ports that an address has to a server", "[config]") {
    constexpr uint32_t kPorts = 65536;
    const Config config = load(least(), {}).value();
    CHECK(config.host_limits.flows != 0);
    CHECK(config.host_limits.flows <= kPorts / 2);
    CHECK(loaded("max-flows-per-host", {"0"}).host_limits.flows == 0);
    CHECK(loaded("max-flows-per-host", {"60000"}).host_limits.flows == 60000);
}

TEST_CASE("load: a required flag that is missing is named", "[config]") {
    const std::string flag = GENERATE("lan", "wan", "lan-address", "wan-address", "gateway");
    Settings settings = least();
    settings.erase(flag);
    const auto config = load(settings, {});
    REQUIRE_FALSE(config.ok());
    CHECK(has(config.error().message, "--" + flag + " "));
    CHECK(has(config.error().message, "is missing"));
}

TEST_CASE("load: rules name their pools, and need no other", "[config]") {
    const Config config = loaded("snat", {"10.2.0.0/16 -> 198.51.100.1-198.51.100.8",
                                          " 10.1.0.0/24->198.51.100.9,198.51.100.11:2000-2999 "});
    REQUIRE(config.snat.size() == 2);
    CHECK(net::to_string(config.snat[0].inside) == "10.2.0.0/16");
    CHECK(net::to_string(config.snat[0].addresses[0]) == "198.51.100.1-198.51.100.8");
    CHECK(config.snat[0].ports == pool::kAllPorts);
    REQUIRE(config.snat[1].addresses.size() == 2);
    CHECK(net::to_string(config.snat[1].addresses[1]) == "198.51.100.11");
    CHECK(config.snat[1].ports == pool::PortRange{2000, 2999});
    CHECK(config.inside.empty());
    CHECK(config.pool.empty());
    CHECK(loaded("no-nat", {"10.1.0.128/25"}).inside.size() == 1);
}

TEST_CASE("load: lists may come as words, with commas or with blanks", "[config]") {
    const std::vector<std::string> words =
        GENERATE(std::vector<std::string>{"198.51.100.1-198.51.100.4", "198.51.100.9"},
                 std::vector<std::string>{"198.51.100.1-198.51.100.4,198.51.100.9"},
                 std::vector<std::string>{"198.51.100.1-198.51.100.4 198.51.100.9"});
    const Config config = loaded("pool", words);
    REQUIRE(config.pool.size() == 2);
    CHECK(net::to_string(config.pool[0]) == "198.51.100.1-198.51.100.4");
    CHECK(net::to_string(config.pool[1]) == "198.51.100.9");
}

TEST_CASE("load: a route may be three words or one", "[config]") {
    using Words = std::vector<std::string>;
    const Words words =
        GENERATE(Words{"10.9.0.0/16", "via", "10.1.0.9", "10.8.0.0/16", "via", "10.1.0.8"},
                 Words{"10.9.0.0/16 via 10.1.0.9", "10.8.0.0/16 via 10.1.0.8"},
                 Words{"10.9.0.0/16 via 10.1.0.9, 10.8.0.0/16 via 10.1.0.8"});
    const Config config = loaded("route", words);
    REQUIRE(config.routes.size() == 2);
    CHECK(net::to_string(config.routes[0].prefix) == "10.9.0.0/16");
    CHECK(net::to_string(config.routes[1].via) == "10.1.0.8");
}

TEST_CASE("load: an empty value is none of any flag", "[config]") {
    for (const Flag& flag : flags())
        for (const char* empty : {"", " ", ","}) {
            const std::string name(flag.name);
            const auto config = load_with(name, {empty});
            CAPTURE(name, empty);
            REQUIRE_FALSE(config.ok());
            CHECK(config.error().message.starts_with("--" + name + ' '));
        }
    CHECK(load_with("state", {""}).error().message ==
          "--state \"\": its value is empty; for none leave the flag out");
}

TEST_CASE("load: worker cores say how many workers there are", "[config]") {
    const Config config = loaded("worker-cores", {"1,3", "5-7"});
    CHECK(config.worker_cores == std::vector<unsigned>{1, 3, 5, 6, 7});
    CHECK(config.workers == 5);
}

TEST_CASE("load: every flag reaches its field", "[config]") {
    using conntrack::SctpState;
    using conntrack::TcpState;
    CHECK(loaded("workers", {"3"}).workers == 3);
    CHECK(loaded("control-core", {"0"}).control_core == 0U);
    CHECK(loaded("idle", {"busy"}).idle == Idle::Busy);
    CHECK(loaded("idle", {"sleep"}).idle == Idle::Sleep);
    CHECK(loaded("on-lost-port", {"end"}).on_lost_port == OnLostPort::End);
    CHECK(loaded("on-lost-port", {"stay"}).on_lost_port == OnLostPort::Stay);
    CHECK(loaded("flows", {"268435456"}).flows == 1U << 28);
    CHECK(loaded("no-huge", {"1"}).no_huge);
    CHECK(loaded("accounting", {"1"}).accounting);
    CHECK(loaded("memory", {"512"}).memory_mb == 512U);
    CHECK(loaded("verify-checksum", {"never"}).verify_checksum == VerifyChecksum::Never);
    CHECK(loaded("verify-checksum", {"always"}).verify_checksum == VerifyChecksum::Always);
    CHECK_FALSE(loaded("tcp-loose", {"0"}).tuning.tcp_loose);
    CHECK(loaded("tcp-be-liberal", {"1"}).tuning.tcp_be_liberal);
    CHECK(loaded("tcp-ignore-invalid-rst", {"1"}).tuning.tcp_ignore_invalid_rst);
    CHECK(loaded("tcp-max-retrans", {"255"}).tuning.tcp_max_retrans == 255);
    CHECK(loaded("timeout-tcp-max-retrans", {"7"}).tuning.tcp_max_retrans_timeout ==
          Duration::seconds(7));
    CHECK(loaded("invalid", {"reject"}).invalid == Invalid::Reject);
    CHECK(loaded("invalid", {"drop"}).invalid == Invalid::Drop);
    CHECK(loaded("reject-rate", {"0"}).reject_rate == 0);
    CHECK(loaded("icmp-rate", {"0"}).icmp_rate == 0);
    CHECK(loaded("mss-clamp", {"off"}).mss_clamp == MssClamp::Off);
    CHECK(loaded("mss-clamp", {"pmtu"}).mss_clamp == MssClamp::Pmtu);
    CHECK(loaded("mss-clamp", {"1360"}).mss_clamp == MssClamp::Value);
    CHECK(loaded("mss-clamp", {"1360"}).mss == 1360);
    CHECK(loaded("port-block-size", {"512"}).holders.blocks.size == 512);
    CHECK(loaded("port-block-size", {"0"}).holders.blocks.size == 0);
    CHECK(loaded("port-blocks-per-host", {"64"}).holders.blocks.per_host == 64);
    CHECK(loaded("port-hold", {"0"}).holders.port_hold == Duration{});
    CHECK(loaded("reset-hold", {"60"}).tuning.tcp_reset_hold == Duration::seconds(60));
    CHECK(loaded("mapping-timeout", {"7"}).holders.mapping_timeout == Duration::seconds(7));
    CHECK(loaded("burst", {"64"}).burst == 64);
    CHECK_FALSE(loaded("prefetch", {"0"}).prefetch);
    CHECK(loaded("rx-ring", {"4096"}).rx_ring == 4096);
    CHECK(loaded("tx-ring", {"64"}).tx_ring == 64);
    CHECK(loaded("rss-key", {key_of(40)}).rss_key == std::vector<uint8_t>(40, 0x6d));
    CHECK(loaded("rss-key", {key_of(52)}).rss_key.size() == 52);
    CHECK(loaded("control-socket", {"/tmp/s"}).control_socket == "/tmp/s");
    CHECK(loaded("no-nat-inbound", {"1"}).no_nat_inbound);
    CHECK(loaded("stats-interval", {"5"}).stats_interval == 5);

    const auto seconds = Duration::seconds(7);
    const auto tcp = [](const char* flag, TcpState state) {
        return loaded(flag, {"7"}).tuning.tcp[state];
    };
    CHECK(tcp("timeout-tcp-syn-sent", TcpState::SynSent) == seconds);
    CHECK(tcp("timeout-tcp-syn-recv", TcpState::SynRecv) == seconds);
    CHECK(tcp("timeout-tcp-established", TcpState::Established) == seconds);
    CHECK(tcp("timeout-tcp-fin-wait", TcpState::FinWait) == seconds);
    CHECK(tcp("timeout-tcp-close-wait", TcpState::CloseWait) == seconds);
    CHECK(tcp("timeout-tcp-last-ack", TcpState::LastAck) == seconds);
    CHECK(tcp("timeout-tcp-time-wait", TcpState::TimeWait) == seconds);
    CHECK(tcp("timeout-tcp-close", TcpState::Close) == seconds);
    CHECK(loaded("timeout-tcp-unacknowledged", {"7"}).tuning.tcp_unacknowledged == seconds);
    CHECK(loaded("timeout-udp", {"7"}).tuning.udp == seconds);
    CHECK(loaded("timeout-udp-stream", {"7"}).tuning.udp_stream == seconds);
    CHECK(loaded("timeout-udplite", {"7"}).tuning.udp_lite == seconds);
    CHECK(loaded("timeout-udplite-stream", {"7"}).tuning.udp_lite_stream == seconds);
    CHECK(loaded("timeout-icmp", {"7"}).tuning.icmp == seconds);
    const auto sctp = [](const char* flag, SctpState state) {
        return loaded(flag, {"7"}).tuning.sctp[state];
    };
    CHECK(sctp("timeout-sctp-closed", SctpState::Closed) == seconds);
    CHECK(sctp("timeout-sctp-cookie-wait", SctpState::CookieWait) == seconds);
    CHECK(sctp("timeout-sctp-cookie-echoed", SctpState::CookieEchoed) == seconds);
    CHECK(sctp("timeout-sctp-established", SctpState::Established) == seconds);
    CHECK(sctp("timeout-sctp-shutdown-sent", SctpState::ShutdownSent) == seconds);
    CHECK(sctp("timeout-sctp-shutdown-recd", SctpState::ShutdownRecd) == seconds);
    CHECK(sctp("timeout-sctp-shutdown-ack-sent", SctpState::ShutdownAckSent) == seconds);
    CHECK(loaded("timeout-gre", {"7"}).tuning.gre == seconds);
    CHECK(loaded("timeout-gre-stream", {"7"}).tuning.gre_stream == seconds);
    CHECK(loaded("timeout-generic", {"7"}).tuning.generic == seconds);
}

TEST_CASE("load: what is malformed or out of range is named with its flag", "[config]") {
    for (const Wrong& wrong : kWrong) {
        CAPTURE(wrong.flag, wrong.value);
        const auto config = load_with(wrong.flag, {wrong.value});
        REQUIRE_FALSE(config.ok());
        const std::string& message = config.error().message;
        CHECK(message.starts_with("--" + std::string(wrong.flag) + " "));
        CHECK(has(message, wrong.value.substr(0, wrong.value.find(' '))));
        CHECK_FALSE(has(message, "\n"));
    }
}

TEST_CASE("load: a flag with one value is refused when it comes twice", "[config]") {
    const auto config = load_with("mtu", {"1500", "1400"});
    REQUIRE_FALSE(config.ok());
    CHECK(has(config.error().message, "--mtu 1400"));
}

TEST_CASE("load: --lan and --lan-address come again, in pairs", "[config]") {
    Settings settings = least();
    settings["lan"] = {"af_packet:a,vlan=7", "af_packet:b"};
    settings["lan-address"] = {"10.1.0.1/24", "10.2.0.1/16"};
    const auto config = load(settings, {});
    REQUIRE(config.ok());
    const auto& lans = config.value().lans;
    REQUIRE(lans.size() == 2);
    CHECK(lans[0].at == Attachment{"af_packet:a", 7});
    CHECK(net::to_string(lans[0].own) == "10.1.0.1/24");
    CHECK(lans[1].at == Attachment{"af_packet:b", 0});
    CHECK(net::to_string(lans[1].own) == "10.2.0.1/16");
    CHECK(config.value().inside.size() == 2);  // both networks are served by default
}

TEST_CASE("flags: names are unique and every flag has its heading, help and reader", "[config]") {
    std::set<std::string_view> names;
    for (const Flag& flag : flags()) {
        CAPTURE(flag.name);
        CHECK(names.insert(flag.name).second);
        CHECK_FALSE(flag.group.empty());
        CHECK_FALSE(flag.help.empty());
        CHECK(flag.read != nullptr);
        CHECK((flag.arity == Arity::Switch) == flag.value.empty());
    }
}

TEST_CASE("load: what is said of trackers is read by itself", "[config]") {
    auto tuning = load_tuning({{"timeout-udp", {"7"}},
                               {"tcp-loose", {"0"}},
                               {"reset-hold", {"20"}},
                               {"lan-address", {"nonsense"}}});
    REQUIRE(tuning.ok());
    CHECK(tuning->udp == Duration::seconds(7));
    CHECK_FALSE(tuning->tcp_loose);
    CHECK(tuning->tcp_reset_hold == Duration::seconds(20));
    CHECK(tuning->udp_stream == conntrack::Tuning().udp_stream);
    const auto wrong = load_tuning({{"timeout-udp", {"soon"}}});
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.error().message.starts_with("--timeout-udp soon"));
}

}  // namespace load_test
