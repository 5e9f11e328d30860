// SPDX-License-Identifier: BSD-3-Clause
#include "interleaver.h"

#include <cerrno>
#include <dlfcn.h>
#include <pthread.h>
#include <ucontext.h>

namespace sluice::test {

/// The parts of the run that is on, each with a stack of its own.
struct Fibers {
    static constexpr size_t kStackBytes = 1 << 20;

    struct Fiber {
        ucontext_t context{};
        const std::function<void()>* part = nullptr;
        bool is_over = false;
    };

    static inline Fibers* running = nullptr;

    Interleaver& owner;
    std::vector<Fiber> fibers;
    ucontext_t caller{};
    size_t current = 0;
    size_t left = 0;

    Fibers(Interleaver& interleaver, std::span<const std::function<void()>> parts)
        : owner(interleaver), fibers(parts.size()), left(parts.size()) {
        for (size_t i = 0; i < parts.size(); ++i) {
            Fiber& fiber = fibers[i];
            if (i == owner.stacks_.size())
                owner.stacks_.push_back(std::make_unique_for_overwrite<std::byte[]>(kStackBytes));
            fiber.part = &parts[i];
            getcontext(&fiber.context);
            fiber.context.uc_stack.ss_sp = owner.stacks_[i].get();
            fiber.context.uc_stack.ss_size = kStackBytes;
            fiber.context.uc_link = nullptr;
            makecontext(&fiber.context, &Fibers::enter, 0);
        }
    }

    static void enter() {
        Fibers& self = *running;
        Fiber& fiber = self.fibers[self.current];
        (*fiber.part)();
        fiber.is_over = true;
        if (--self.left == 0)
            setcontext(&self.caller);
        self.change();
    }

    /// Any that is not over goes on, in place of the current one.
    void change() {
        const size_t from = current;
        for (current = owner.draw_() % fibers.size(); fibers[current].is_over;)
            current = (current + 1) % fibers.size();
        if (current == from)
            return;
        ++owner.changes_;
        swapcontext(&fibers[from].context, &fibers[current].context);
    }

    /// Before an operation that others may see, or that sees what others do.
    static void meet() {
        if (running != nullptr && running->owner.draw_() % 256 < running->owner.rate_)
            running->change();
    }
};

void Interleaver::run(std::span<const std::function<void()>> parts) {
    if (parts.empty())
        return;
    Fibers fibers(*this, parts);
    fibers.current = draw_() % parts.size();
    Fibers::running = &fibers;
    swapcontext(&fibers.caller, &fibers.fibers[fibers.current].context);
    Fibers::running = nullptr;
}

}  // namespace sluice::test

using sluice::test::Fibers;

/// The C library's is found by its name; who cannot have a mutex lets the others go on.
extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    using Lock = int (*)(pthread_mutex_t*);
    static const auto lock = reinterpret_cast<Lock>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    if (Fibers::running == nullptr)
        return lock(mutex);
    for (;;) {
        const int status = pthread_mutex_trylock(mutex);
        if (status != EBUSY)
            return status;
        Fibers::running->change();
    }
}

// What a compiler calls for the thread sanitizer, by the names and with the parameters that gcc's
// and clang's documents give. All operations are of one thread, so their orders say nothing here.
// NOLINTBEGIN(bugprone-reserved-identifier)

#define SLUICE_FETCH(bits, T, name, operation)                                \
    extern "C" T __tsan_atomic##bits##_##name(volatile T* at, T value, int) { \
        Fibers::meet();                                                       \
        const T before = *at;                                                 \
        *at = static_cast<T>(operation);                                      \
        return before;                                                        \
    }

#define SLUICE_ATOMICS(bits, T)                                                                \
    extern "C" T __tsan_atomic##bits##_load(const volatile T* at, int) {                       \
        Fibers::meet();                                                                        \
        return *at;                                                                            \
    }                                                                                          \
    extern "C" void __tsan_atomic##bits##_store(volatile T* at, T value, int) {                \
        Fibers::meet();                                                                        \
        *at = value;                                                                           \
    }                                                                                          \
    SLUICE_FETCH(bits, T, exchange, value)                                                     \
    SLUICE_FETCH(bits, T, fetch_add, (before + value))                                         \
    SLUICE_FETCH(bits, T, fetch_sub, (before - value))                                         \
    SLUICE_FETCH(bits, T, fetch_and, (before & value))                                         \
    SLUICE_FETCH(bits, T, fetch_or, (before | value))                                          \
    SLUICE_FETCH(bits, T, fetch_xor, (before ^ value))                                         \
    extern "C" bool __tsan_atomic##bits##_compare_exchange_strong(volatile T* at, T* expected, \
                                                                  T value, int, int) {         \
        Fibers::meet();                                                                        \
        const T before = *at;                                                                  \
        if (before == *expected) {                                                             \
            *at = value;                                                                       \
            return true;                                                                       \
        }                                                                                      \
        *expected = before;                                                                    \
        return false;                                                                          \
    }                                                                                          \
    extern "C" bool __tsan_atomic##bits##_compare_exchange_weak(volatile T* at, T* expected,   \
                                                                T value, int, int) {           \
        return __tsan_atomic##bits##_compare_exchange_strong(at, expected, value, 0, 0);       \
    }

SLUICE_ATOMICS(8, uint8_t)
SLUICE_ATOMICS(16, uint16_t)
SLUICE_ATOMICS(32, uint32_t)
SLUICE_ATOMICS(64, uint64_t)

extern "C" {
void __tsan_atomic_thread_fence(int) {}
void __tsan_atomic_signal_fence(int) {}

// What is no atomic operation: that nobody reads what another writes meanwhile, the sanitizer
// shows.
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_read1(void*) {}
void __tsan_read2(void*) {}
void __tsan_read4(void*) {}
void __tsan_read8(void*) {}
void __tsan_read16(void*) {}
void __tsan_write1(void*) {}
void __tsan_write2(void*) {}
void __tsan_write4(void*) {}
void __tsan_write8(void*) {}
void __tsan_write16(void*) {}
void __tsan_unaligned_read2(void*) {}
void __tsan_unaligned_read4(void*) {}
void __tsan_unaligned_read8(void*) {}
void __tsan_unaligned_read16(void*) {}
void __tsan_unaligned_write2(void*) {}
void __tsan_unaligned_write4(void*) {}
void __tsan_unaligned_write8(void*) {}
void __tsan_unaligned_write16(void*) {}
void __tsan_read_range(void*, unsigned long) {}
void __tsan_write_range(void*, unsigned long) {}
void __tsan_vptr_update(void*, void*) {}
void __tsan_vptr_read(void*) {}
}

// NOLINTEND(bugprone-reserved-identifier)
