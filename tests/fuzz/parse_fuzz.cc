// SPDX-License-Identifier: BSD-3-Clause

// Feeds the parser with what no sender should send.
//
//     parse_fuzz [COUNT [SEED]]    every truncation of sound frames, then COUNT mutated ones

#include "feed_packet.h"
#include "mutate.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace sluice::test;

namespace {

void truncate_everywhere(const std::vector<Bytes>& frames) {
    for (const Bytes& whole : frames)
        for (size_t length = 0; length <= whole.size(); ++length)
            for (size_t cut = 0; cut <= length; ++cut)
                feed(Bytes(whole.begin(), whole.begin() + static_cast<long>(length)),
                     std::array{cut});
}

int run(uint64_t count, uint64_t seed) {
    const std::vector<Bytes> frames = sound_frames();
    truncate_everywhere(frames);

    Random random(seed);
    const Draw draw = std::ref(random);
    uint64_t accepted = 0;
    for (uint64_t i = 0; i < count; ++i) {
        Bytes frame = frames[draw() % frames.size()];
        for (uint64_t changes = draw() % 4; changes > 0; --changes)
            mutate(frame, draw);
        accepted += feed(frame, any_cuts(draw, frame.size()));
    }
    std::printf("parse_fuzz: %llu frames from seed %llu, %llu accepted\n",
                static_cast<unsigned long long>(count), static_cast<unsigned long long>(seed),
                static_cast<unsigned long long>(accepted));
    // A run that reaches only one outcome has tested nothing.
    return count < 1000 || (accepted > count / 100 && accepted < count - count / 100) ? 0 : 1;
}

}  // namespace

int main(int argc, char* argv[]) {
    const uint64_t count = argc > 1 ? std::strtoull(argv[1], nullptr, 0) : 1'000'000;
    const uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 0) : 1;
    return run(count, seed);
}
