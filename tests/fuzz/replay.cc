// SPDX-License-Identifier: BSD-3-Clause

// Feeds a target, once each, with the inputs that are kept: what a fuzzer has found, under any
// compiler and sanitizer.
//
//     TARGET_replay FILE|DIRECTORY...

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size);

namespace fs = std::filesystem;

namespace {

void feed(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    // Says which one it was, should the target end here.
    std::printf("%s\n", path.c_str());
    std::fflush(stdout);
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char* argv[]) {
    std::vector<fs::path> inputs;
    for (int i = 1; i < argc; ++i) {
        if (!fs::is_directory(argv[i])) {
            inputs.emplace_back(argv[i]);
            continue;
        }
        for (const fs::directory_entry& entry : fs::directory_iterator(argv[i]))
            inputs.push_back(entry.path());
    }
    for (const fs::path& input : inputs)
        feed(input);
    std::printf("%zu inputs\n", inputs.size());
    return inputs.empty() ? 1 : 0;
}
