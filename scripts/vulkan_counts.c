// A Vulkan layer that counts what a program asks of a device. Whenever something is copied back to the host it
// writes a line of totals to the file that VULKAN_COUNTS names: the difference of two lines is what lay between.
// scripts/gpu_costs.py builds it and reads the lines.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

#define EXPORT __attribute__((visibility("default")))

static struct {
    unsigned long launches, buffers, pages, uploads, bytes_up, reads, bytes_down, submits, waits;
} total;

static PFN_vkGetInstanceProcAddr next_instance;
static PFN_vkGetDeviceProcAddr next_device;
static PFN_vkCmdDispatch dispatch;
static PFN_vkCmdDispatchIndirect dispatch_indirect;
static PFN_vkCmdCopyBuffer copy_buffer;
static PFN_vkQueueSubmit queue_submit;
static PFN_vkCreateBuffer create_buffer;
static PFN_vkAllocateMemory allocate_memory;
static PFN_vkWaitSemaphores wait_semaphores, wait_semaphores_khr;
static PFN_vkWaitForFences wait_fences;

// Which buffers kernels use: the others are the host's. By handle, the newest of a handle counts.
#define MOST (1u << 20)
static struct { VkBuffer buffer; int of_device; } known[MOST];

static unsigned slot(VkBuffer buffer) {
    unsigned at = (unsigned)(((unsigned long)buffer * 0x9e3779b97f4a7c15ul) >> 44);
    while (known[at].buffer && known[at].buffer != buffer) at = (at + 1) % MOST;
    return at;
}

static void write_totals(void) {
    static FILE *out;
    if (!out && !(out = fopen(getenv("VULKAN_COUNTS"), "w"))) abort();
    fprintf(out, "%lu %lu %lu %lu %lu %lu %lu %lu %lu\n", total.launches, total.buffers, total.pages, total.uploads,
            total.bytes_up, total.reads, total.bytes_down, total.submits, total.waits);
    fflush(out);
}

static void count_dispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
    total.launches++;
    dispatch(commands, x, y, z);
}

static void count_dispatch_indirect(VkCommandBuffer commands, VkBuffer buffer, VkDeviceSize offset) {
    total.launches++;
    dispatch_indirect(commands, buffer, offset);
}

static void count_copy(VkCommandBuffer commands, VkBuffer from, VkBuffer to, uint32_t count, const VkBufferCopy *regions) {
    unsigned long bytes = 0;
    for (uint32_t k = 0; k < count; k++) bytes += regions[k].size;
    if (!known[slot(from)].of_device) {
        total.uploads++;
        total.bytes_up += bytes;
    } else if (!known[slot(to)].of_device) {
        total.reads++;
        total.bytes_down += bytes;
        write_totals();
    }
    copy_buffer(commands, from, to, count, regions);
}

static VkResult count_submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    total.submits++;
    return queue_submit(queue, count, infos, fence);
}

static VkResult count_create(VkDevice device, const VkBufferCreateInfo *info, const VkAllocationCallbacks *a, VkBuffer *buffer) {
    total.buffers++;
    VkResult result = create_buffer(device, info, a, buffer);
    if (result == VK_SUCCESS) {
        unsigned at = slot(*buffer);
        known[at].buffer = *buffer;
        known[at].of_device = !!(info->usage & (VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT));
    }
    return result;
}

static VkResult count_allocate(VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *a, VkDeviceMemory *memory) {
    total.pages++;
    return allocate_memory(device, info, a, memory);
}

// To ask without waiting is no wait.
static VkResult count_wait(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout) {
    total.waits += timeout > 0;
    return wait_semaphores(device, info, timeout);
}

static VkResult count_wait_khr(VkDevice device, const VkSemaphoreWaitInfo *info, uint64_t timeout) {
    total.waits += timeout > 0;
    return wait_semaphores_khr(device, info, timeout);
}

static VkResult count_wait_fences(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout) {
    total.waits += timeout > 0;
    return wait_fences(device, count, fences, all, timeout);
}

static VkResult create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *a, VkInstance *instance) {
    VkLayerInstanceCreateInfo *link = (void *)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
        link = (void *)link->pNext;
    next_instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    return ((PFN_vkCreateInstance)next_instance(NULL, "vkCreateInstance"))(info, a, instance);
}

static VkResult create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *a, VkDevice *device) {
    VkLayerDeviceCreateInfo *link = (void *)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
        link = (void *)link->pNext;
    PFN_vkGetInstanceProcAddr instance = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    next_device = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateDevice)instance(NULL, "vkCreateDevice"))(physical, info, a, device);
    if (result != VK_SUCCESS) return result;
#define NEXT(function, name) function = (void *)next_device(*device, name)
    NEXT(dispatch, "vkCmdDispatch");
    NEXT(dispatch_indirect, "vkCmdDispatchIndirect");
    NEXT(copy_buffer, "vkCmdCopyBuffer");
    NEXT(queue_submit, "vkQueueSubmit");
    NEXT(create_buffer, "vkCreateBuffer");
    NEXT(allocate_memory, "vkAllocateMemory");
    NEXT(wait_semaphores, "vkWaitSemaphores");
    NEXT(wait_semaphores_khr, "vkWaitSemaphoresKHR");
    NEXT(wait_fences, "vkWaitForFences");
    return result;
}

#define IS(wanted, mine) if (!strcmp(name, wanted)) return (PFN_vkVoidFunction)mine

EXPORT PFN_vkVoidFunction counts_device(VkDevice device, const char *name) {
    IS("vkGetDeviceProcAddr", counts_device);
    IS("vkCmdDispatch", count_dispatch);
    IS("vkCmdDispatchIndirect", count_dispatch_indirect);
    IS("vkCmdCopyBuffer", count_copy);
    IS("vkQueueSubmit", count_submit);
    IS("vkCreateBuffer", count_create);
    IS("vkAllocateMemory", count_allocate);
    IS("vkWaitForFences", count_wait_fences);
    if (wait_semaphores) IS("vkWaitSemaphores", count_wait);
    if (wait_semaphores_khr) IS("vkWaitSemaphoresKHR", count_wait_khr);
    return next_device(device, name);
}

EXPORT PFN_vkVoidFunction counts_instance(VkInstance instance, const char *name) {
    IS("vkGetInstanceProcAddr", counts_instance);
    IS("vkGetDeviceProcAddr", counts_device);
    IS("vkCreateInstance", create_instance);
    IS("vkCreateDevice", create_device);
    return next_instance ? next_instance(instance, name) : NULL;
}

EXPORT VkResult vkNegotiateLoaderLayerInterfaceVersion(VkNegotiateLayerInterface *version) {
    version->loaderLayerInterfaceVersion = 2;
    version->pfnGetInstanceProcAddr = counts_instance;
    version->pfnGetDeviceProcAddr = counts_device;
    version->pfnGetPhysicalDeviceProcAddr = NULL;
    return VK_SUCCESS;
}
