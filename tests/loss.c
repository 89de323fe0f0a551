// Loses the device: from wait number LOSE_AT on, Vulkan's waits answer VK_ERROR_DEVICE_LOST.
// Built and put before the loader by tests/loss.rs (LD_PRELOAD), Linux only.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef void (*Any)(void);
typedef Any (*Find)(void *, const char *);

static Find of_instance, of_device;
static int (*semaphores)(void *, const void *, uint64_t);
static int (*fences)(void *, uint32_t, const void *, uint32_t, uint64_t);

static int lost(void) {
    static int waits;
    const char *at = getenv("LOSE_AT");
    return at && __sync_add_and_fetch(&waits, 1) >= atoi(at);
}

static int wait_semaphores(void *device, const void *what, uint64_t time) {
    return lost() ? -4 : semaphores(device, what, time);
}

static int wait_fences(void *device, uint32_t n, const void *what, uint32_t all, uint64_t time) {
    return lost() ? -4 : fences(device, n, what, all, time);
}

static Any find_of_device(void *device, const char *name) {
    Any found = of_device(device, name);
    if (found && !strncmp(name, "vkWaitSemaphores", 16)) {
        semaphores = (void *)found;
        return (Any)wait_semaphores;
    }
    if (found && !strcmp(name, "vkWaitForFences")) {
        fences = (void *)found;
        return (Any)wait_fences;
    }
    return found;
}

static Any find_of_instance(void *instance, const char *name) {
    Any found = of_instance(instance, name);
    if (found && !strcmp(name, "vkGetDeviceProcAddr")) {
        of_device = (Find)found;
        return (Any)find_of_device;
    }
    return found;
}

void *dlsym(void *handle, const char *name) {
    static void *(*real)(void *, const char *);
    // glibc 2.34 moved it; before that it bears the version of the processor's first glibc.
    static const char *versions[] = {"GLIBC_2.34", "GLIBC_2.2.5", "GLIBC_2.17"};
    for (int i = 0; !real && i < 3; i++) real = dlvsym(RTLD_NEXT, "dlsym", versions[i]);
    void *found = real(handle, name);
    Dl_info in;
    // The program asks libvulkan; libvulkan asks the drivers, whose own is left alone.
    if (found && handle != RTLD_NEXT && !strcmp(name, "vkGetInstanceProcAddr")
        && dladdr(found, &in) && in.dli_fname && strstr(in.dli_fname, "libvulkan.so")) {
        of_instance = (Find)found;
        return find_of_instance;
    }
    return found;
}
