// SPDX-License-Identifier: BSD-3-Clause
#include "sluicectl/replay_file.h"

#include "sluicectl/packet_file.h"
#include "why/replay.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace sluicectl {
namespace {

constexpr size_t kMostFrame = 65535;

int fail(const std::string& sentence) {
    std::fprintf(stderr, "sluicectl: %s\n", sentence.c_str());
    return EXIT_FAILURE;
}

/// As long as it was; what was not captured is taken for zeroes.
std::string whole(PacketFile::Packet&& packet) {
    packet.frame.resize(std::min<size_t>(packet.length, kMostFrame));
    return std::move(packet.frame);
}

}  // namespace

int replay_file(const std::string& path) {
    auto file = PacketFile::open(path);
    if (!file)
        return fail(file.error().message);
    sluice::why::Replay replay{sluice::conntrack::Tuning()};
    uint64_t number = 0;
    while (auto packet = file->next()) {
        const sluice::Tick now{static_cast<uint32_t>(packet->milliseconds)};
        const std::string frame = whole(std::move(*packet));
        const std::string told =
            replay.tell({reinterpret_cast<const uint8_t*>(frame.data()), frame.size()}, now);
        std::printf("%llu %s", static_cast<unsigned long long>(++number), told.c_str());
        if (std::ferror(stdout) != 0)
            break;  // behind `| head`, nobody reads on
    }
    return file->error().empty() ? EXIT_SUCCESS : fail(file->error());
}

}  // namespace sluicectl
