// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/replay_file.h"

#include "sluicectl/failure.h"
#include "sluicectl/packet_file.h"
#include "stats/drop.h"
#include "why/replay.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace sluicectl {
namespace {

constexpr size_t kMostFrame = 65535;

/// As long as it was; what was not captured is taken for zeroes.
std::string whole(PacketFile::Packet&& packet) {
    packet.frame.resize(std::min<size_t>(packet.length, kMostFrame));
    return std::move(packet.frame);
}

std::string json_of(uint64_t number, const sluice::why::Told& told) {
    nlohmann::ordered_json json{
        {"number", number}, {"packet", told.packet}, {"verdict", told.verdict}};
    json["dropped"] = told.drop ? nlohmann::ordered_json(sluice::stats::drop_name(*told.drop))
                                : nlohmann::ordered_json();
    if (const size_t begin = told.numbers.find_first_not_of(' '); begin != std::string::npos)
        json["numbers"] = told.numbers.substr(begin, told.numbers.size() - begin - 1);
    return json.dump() + "\n";
}

}  // namespace

int replay_file(const std::string& path, bool as_json) {
    auto file = PacketFile::open(path);
    if (!file)
        return fail(file.error().message);
    sluice::why::Replay replay{sluice::conntrack::Tuning()};
    uint64_t number = 0;
    while (auto packet = file->next()) {
        const sluice::Tick now{static_cast<uint32_t>(packet->milliseconds)};
        const std::string frame = whole(std::move(*packet));
        const sluice::why::Told told =
            replay.tell({reinterpret_cast<const uint8_t*>(frame.data()), frame.size()}, now);
        const std::string text =
            as_json ? json_of(++number, told) : std::to_string(++number) + ' ' + told_text(told);
        std::fwrite(text.data(), 1, text.size(), stdout);
        if (std::ferror(stdout) != 0)
            break;  // behind `| head`, nobody reads on
    }
    return file->error().empty() ? EXIT_SUCCESS : fail(file->error());
}

}  // namespace sluicectl
