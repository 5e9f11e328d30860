// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/rss.h"

#include "null_port.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace rss_test {

using sluice::ethdev::set_up_rss;
using sluice::test::NullPort;

namespace {

constexpr uint16_t kQueues = 2;

/// A port of two queues whose key and table can be set.
struct RssPort : NullPort {
    RssPort() : NullPort("net_null_rss") {
        rte_eth_conf conf{};
        conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        conf.rx_adv_conf.rss_conf.rss_hf =
            RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;
        REQUIRE(rte_eth_dev_configure(id, kQueues, kQueues, &conf) == 0);
        device.hash_key_size = 40;  // which this driver does not say
    }

    std::vector<uint8_t> key() const {
        std::vector<uint8_t> bytes(device.hash_key_size);
        rte_eth_rss_conf conf{};
        conf.rss_key = bytes.data();
        conf.rss_key_len = device.hash_key_size;
        REQUIRE(rte_eth_dev_rss_hash_conf_get(id, &conf) == 0);
        return bytes;
    }
};

}  // namespace

TEST_CASE("rss: without a key of the operator's one is drawn, another at each start", "[ethdev]") {
    RssPort port;
    std::vector<std::vector<uint8_t>> keys{port.key()};  // the driver's
    for (int start = 0; start < 3; ++start) {
        const auto rss = set_up_rss(port.id, port.device, kQueues, {});
        REQUIRE(rss);
        const std::vector<uint8_t> key = port.key();
        CHECK(std::ranges::find(keys, key) == keys.end());
        CHECK(std::equal(key.begin(), key.end(), rss->key.begin()));
        keys.push_back(key);
    }
}

TEST_CASE("rss: a key of the operator's is the port's", "[ethdev]") {
    RssPort port;
    std::vector<uint8_t> wanted(port.device.hash_key_size);
    for (size_t i = 0; i < wanted.size(); ++i)
        wanted[i] = static_cast<uint8_t>(i + 1);
    const auto rss = set_up_rss(port.id, port.device, kQueues, wanted);
    REQUIRE(rss);
    CHECK(port.key() == wanted);
    CHECK(std::equal(wanted.begin(), wanted.end(), rss->key.begin()));
}

TEST_CASE("rss: a port without a key, or with one queue, keeps its driver's", "[ethdev]") {
    RssPort port;
    const std::vector<uint8_t> before = port.key();
    CHECK_FALSE(set_up_rss(port.id, port.device, 1, {}));
    port.device.hash_key_size = 0;
    CHECK_FALSE(set_up_rss(port.id, port.device, kQueues, {}));
    port.device.hash_key_size = 40;
    CHECK(port.key() == before);
}

}  // namespace rss_test
