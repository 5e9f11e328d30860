// SPDX-License-Identifier: BSD-3-Clause
#include "packet_pool.h"

#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <vector>

namespace sluice::test {
namespace {

struct FreeList {
    std::mutex lock;
    std::vector<void*> objects;
};

FreeList& list_of(const rte_mempool* pool) {
    return *static_cast<FreeList*>(pool->pool_data);
}

int make(rte_mempool* pool) {
    pool->pool_data = new FreeList;
    return 0;
}

void remove(rte_mempool* pool) {
    delete static_cast<FreeList*>(pool->pool_data);
}

int put(rte_mempool* pool, void* const* objects, unsigned count) {
    FreeList& list = list_of(pool);
    const std::lock_guard guard(list.lock);
    list.objects.insert(list.objects.end(), objects, objects + count);
    return 0;
}

int take(rte_mempool* pool, void** objects, unsigned count) {
    FreeList& list = list_of(pool);
    const std::lock_guard guard(list.lock);
    if (list.objects.size() < count)
        return -ENOBUFS;
    const auto first = list.objects.end() - count;
    std::copy(first, list.objects.end(), objects);
    list.objects.erase(first, list.objects.end());
    return 0;
}

unsigned left(const rte_mempool* pool) {
    FreeList& list = list_of(pool);
    const std::lock_guard guard(list.lock);
    return static_cast<unsigned>(list.objects.size());
}

constexpr auto kName = "locked_list";

bool register_ops() {
    rte_mempool_ops ops{};
    std::copy_n(kName, std::char_traits<char>::length(kName), ops.name);
    ops.alloc = make;
    ops.free = remove;
    ops.enqueue = put;
    ops.dequeue = take;
    ops.get_count = left;
    return rte_mempool_register_ops(&ops) >= 0;
}

}  // namespace

rte_mempool* make_packet_pool(unsigned packets, uint16_t private_bytes) {
    static const bool registered = register_ops();
    if (!registered)
        return nullptr;
    return rte_pktmbuf_pool_create_by_ops("stress", packets, 0, private_bytes,
                                          RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY, kName);
}

}  // namespace sluice::test
