// SPDX-License-Identifier: BSD-3-Clause

// A gateway that takes over records of which some bytes are not what the one before has written.
// Whatever they say, the testbed's promises hold: the account, and no inside address outside.

#include "estate.h"
#include "input.h"
#include "wire.h"

#include <cstddef>
#include <span>

using namespace sluice;
using namespace sluice::test;

namespace {

constexpr int kBurst = 4;

void damage(Estate& estate, const Draw& draw) {
    const std::span<std::byte> bytes = std::as_writable_bytes(estate.records());
    for (auto rounds = draw() % 16; rounds > 0; --rounds) {
        const size_t at = draw() % bytes.size();
        // Half of the time a bit, for what is nearly sound gets further.
        const auto by = static_cast<std::byte>(draw() % 2 == 0 ? 1u << draw() % 8 : draw());
        bytes[at] ^= by;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
    constexpr int kFramesAtMost = 32;
    Input input(bytes, size);
    const Draw draw = input.draw();
    Estate estate;
    TestbedOptions options = small_options(draw());
    options.estate = &estate;
    Estate left;
    {
        Testbed bed(options);
        for (int frames = 0; frames < kFramesAtMost / 2; frames += kBurst)
            send_burst(bed, draw, kBurst);
        left = estate;  // as a crash leaves it
        options.start = bed.now() + Duration{static_cast<int32_t>(draw())};
    }
    damage(left, draw);
    estate = left;
    ++options.secret;
    Testbed bed(options);
    for (int frames = 0; !input.is_empty() && frames < kFramesAtMost; frames += kBurst)
        send_burst(bed, draw, kBurst);
    bed.advance(Duration::seconds(10));
    return 0;
}
