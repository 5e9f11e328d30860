// SPDX-License-Identifier: BSD-3-Clause
#include "ethdev/rss.h"

#include <rte_ethdev.h>

#include <algorithm>
#include <bit>
#include <sys/random.h>
#include <vector>

namespace sluice::ethdev {
namespace {

constexpr uint64_t kPorts = RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV4_UDP;

using Key = std::vector<uint8_t>;

/// The operator's key, or one that nobody outside can know.
bool choose_key(std::span<const uint8_t> wanted, Key& key) {
    if (wanted.size() == key.size()) {
        std::copy(wanted.begin(), wanted.end(), key.begin());
        return true;
    }
    const auto bytes = static_cast<ssize_t>(key.size());
    return wanted.empty() && getrandom(key.data(), key.size(), 0) == bytes;
}

bool set_key(uint16_t port, const Key& key) {
    rte_eth_rss_conf conf{};
    if (rte_eth_dev_rss_hash_conf_get(port, &conf) != 0 || (conf.rss_hf & kPorts) != kPorts)
        return false;
    Key copy = key;
    conf.rss_key = copy.data();
    conf.rss_key_len = static_cast<uint8_t>(copy.size());
    if (rte_eth_dev_rss_hash_update(port, &conf) != 0)
        return false;
    std::fill(copy.begin(), copy.end(), uint8_t{0});
    return rte_eth_dev_rss_hash_conf_get(port, &conf) == 0 && copy == key;
}

bool set_table(uint16_t port, const io::Rss& rss) {
    std::vector<rte_eth_rss_reta_entry64> table((rss.queues.size() + RTE_ETH_RETA_GROUP_SIZE - 1) /
                                                RTE_ETH_RETA_GROUP_SIZE);
    for (size_t i = 0; i < rss.queues.size(); ++i) {
        rte_eth_rss_reta_entry64& group = table[i / RTE_ETH_RETA_GROUP_SIZE];
        group.mask |= uint64_t{1} << i % RTE_ETH_RETA_GROUP_SIZE;
        group.reta[i % RTE_ETH_RETA_GROUP_SIZE] = rss.queues[i];
    }
    return rte_eth_dev_rss_reta_update(port, table.data(),
                                       static_cast<uint16_t>(rss.queues.size())) == 0;
}

}  // namespace

std::optional<io::Rss> set_up_rss(uint16_t port, const rte_eth_dev_info& device, uint16_t queues,
                                  std::span<const uint8_t> key) {
    // What is hashed are the 12 bytes of addresses and ports, which meet the key's first 16 only.
    constexpr size_t kBytesThatCount = 16;
    if (queues < 2 || device.hash_key_size < kBytesThatCount ||
        !std::has_single_bit(unsigned{device.reta_size}))
        return std::nullopt;
    Key key_of_device(device.hash_key_size);
    io::Rss rss;
    for (unsigned i = 0; i < device.reta_size; ++i)
        rss.queues.push_back(static_cast<uint16_t>(i % queues));
    if (!choose_key(key, key_of_device) || !set_key(port, key_of_device) || !set_table(port, rss))
        return std::nullopt;
    std::copy_n(key_of_device.begin(), std::min(key_of_device.size(), rss.key.size()),
                rss.key.begin());
    return rss;
}

}  // namespace sluice::ethdev
