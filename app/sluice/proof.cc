// SPDX-License-Identifier: BSD-3-Clause
#include "sluice/proof.h"

#include <chrono>

namespace sluice::app {

Result<sync::Proof> proof_of(const config::Config& config) {
    const config::SyncCertificates& files = config.sync_certificates;
    if (files.are_used())
        return sync::Proof(sync::CertificateFiles{files.chain, files.key, files.authority,
                                                  files.peer_name, config.sync->peer.address});
    const auto key = sync::read_key(config.sync_key);
    if (!key)
        return key.error();
    return sync::Proof(*key);
}

Result<sync::Key> common_key(const config::Config& config) {
    if (!config.sync_key.empty())
        return sync::read_key(config.sync_key);
    return sync::key_by(config.address_key->words);  // there is one then (config/read_sync.h)
}

Result<std::vector<std::string>> check_proof(const config::Config& config) {
    if (!config.sync)
        return std::vector<std::string>();
    const auto proof = proof_of(config);
    if (!proof)
        return proof.error();
    if (const auto key = common_key(config); !key)
        return key.error();
    const auto tls = sync::Tls::create(proof.value());
    if (!tls)
        return tls.error();
    return tls.value()->ending(std::chrono::system_clock::now());
}

}  // namespace sluice::app
