// SPDX-License-Identifier: BSD-3-Clause
#include "huge_pages.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace sluice::bench {
namespace {

constexpr size_t kPage = size_t{2} << 20;
const char* const kFolder = "/sys/kernel/mm/hugepages/hugepages-2048kB/";

long read(const char* name) {
    long value = 0;
    std::ifstream(std::string(kFolder) + name) >> value;
    return value;
}

void write(long pages) {
    std::ofstream(std::string(kFolder) + "nr_hugepages") << pages;
}

}  // namespace

HugePages::~HugePages() {
    if (added_ > 0)  // others may have changed the number meanwhile
        write(std::max(0L, read("nr_hugepages") - added_));
}

Result<HugePages> HugePages::reserve(size_t bytes) {
    const auto needed = static_cast<long>((bytes + kPage - 1) / kPage);
    const long total = read("nr_hugepages");
    const long missing = needed - (read("free_hugepages") - read("resv_hugepages"));
    HugePages pages;
    if (missing <= 0)
        return pages;
    pages.added_ = missing;
    write(total + missing);
    if (read("nr_hugepages") < total + missing)
        return Error{"this benchmark needs " + std::to_string(needed) +
                     " free 2 MB hugepages: run it as root on a machine with that much memory, "
                     "set vm.nr_hugepages, ask for fewer --flows, or use --no-huge"};
    return pages;
}

}  // namespace sluice::bench
