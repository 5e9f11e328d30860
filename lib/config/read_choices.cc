// SPDX-License-Identifier: BSD-3-Clause
#include "config/read_choices.h"

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::config {
namespace {

/// A word, and what it stands for.
template <typename Choice>
using Words = std::initializer_list<std::pair<std::string_view, Choice>>;

/// One of these words; an error names all of them.
template <typename Choice>
Status store_choice(const Given& given, Words<Choice> words, Choice& place) {
    const Result<std::string> given_word = read_word(given);
    if (!given_word)
        return given_word.error();
    std::string all;
    for (const auto& [word, choice] : words) {
        if (*given_word == word) {
            place = choice;
            return Done{};
        }
        const bool is_last = word == (words.end() - 1)->first;
        all += std::string(all.empty() ? "" : is_last ? " or " : ", ") + std::string(word);
    }
    return wrong(given.flag, *given_word, all + " is wanted");
}

}  // namespace

Status store_idle(const Given& given, Config& config) {
    config.idle.emplace();
    return store_choice<Idle>(given, {{"busy", Idle::Busy}, {"sleep", Idle::Sleep}}, *config.idle);
}

Status store_verify_checksum(const Given& given, Config& config) {
    using enum VerifyChecksum;
    return store_choice<VerifyChecksum>(
        given, {{"auto", Auto}, {"always", Always}, {"never", Never}}, config.verify_checksum);
}

Status store_invalid(const Given& given, Config& config) {
    using enum Invalid;
    return store_choice<Invalid>(given, {{"drop", Drop}, {"reject", Reject}}, config.invalid);
}

Status store_zero_checksum(const Given& given, Config& config) {
    using enum nat64::ZeroChecksum;
    return store_choice<nat64::ZeroChecksum>(given, {{"compute", Compute}, {"drop", Drop}},
                                             config.zero_checksum);
}

Status store_on_exhaustion(const Given& given, Config& config) {
    using enum OnExhaustion;
    return store_choice<OnExhaustion>(given, {{"drop", Drop}, {"reject", Reject}},
                                      config.on_exhaustion);
}

Status store_mss_clamp(const Given& given, Config& config) {
    constexpr NumberRange kMss{536, 65495};  // the default of RFC 9293, and 65535 without headers
    const Result<std::string> word = read_word(given);
    if (!word)
        return word.error();
    if (*word == "off" || *word == "pmtu") {
        config.mss_clamp = *word == "off" ? MssClamp::Off : MssClamp::Pmtu;
        return Done{};
    }
    const Result<uint32_t> bytes = read_number(given, kMss);
    if (!bytes)
        return wrong(given.flag, *word, "off, pmtu or a number from 536 to 65495 is wanted");
    config.mss_clamp = MssClamp::Value;
    config.mss = static_cast<uint16_t>(*bytes);
    return Done{};
}

Status store_steer_replies(const Given& given, Config& config) {
    using enum SteerReplies;
    return store_choice<SteerReplies>(
        given, {{"never", Never}, {"changed", Changed}, {"always", Always}}, config.steer_replies);
}

Status store_claim(const Given& given, Config& config) {
    using enum Claim;
    return store_choice<Claim>(given, {{"force", Force}, {"probe", Probe}}, config.claim);
}

Status store_on_conflict(const Given& given, Config& config) {
    using enum OnConflict;
    return store_choice<OnConflict>(given, {{"defend", Defend}, {"tell", Tell}, {"leave", Leave}},
                                    config.on_conflict);
}

Status store_on_lost_port(const Given& given, Config& config) {
    using enum OnLostPort;
    return store_choice<OnLostPort>(given, {{"end", End}, {"stay", Stay}}, config.on_lost_port);
}

Status store_on_reload(const Given& given, Config& config) {
    using enum OnReload;
    return store_choice<OnReload>(given, {{"keep", Keep}, {"drain", Drain}, {"end", End}},
                                  config.on_reload);
}

Status store_state_mismatch(const Given& given, Config& config) {
    using enum StateMismatch;
    return store_choice<StateMismatch>(given, {{"empty", Empty}, {"refuse", Refuse}},
                                       config.state.mismatch);
}

Status store_sync_flows(const Given& given, Config& config) {
    using enum SyncFlows;
    return store_choice<SyncFlows>(given, {{"assured", Assured}, {"all", All}}, config.sync_flows);
}

Status store_role(const Given& given, Config& config) {
    using enum Role;
    return store_choice<Role>(given, {{"active", Active}, {"standby", Standby}}, config.role);
}

}  // namespace sluice::config
