// A Vulkan layer that counts what a program asks of a device. Whenever something is copied back to the host it
// writes a line of totals to the file that VULKAN_COUNTS names: the difference of two lines is what lay between.
// The file that VULKAN_LAUNCHES names gets a line for each launch, "WORKGROUPS BYTES KERNEL", and "read" for each copy back:
// bytes are those of all storage buffers that the launch binds, so at least what it reads.
// scripts/gpu_costs.py and tests/gpu_costs/workgroups.rs build it and read the lines.
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
static PFN_vkCreateComputePipelines create_pipelines;
static PFN_vkAllocateDescriptorSets allocate_sets;
static PFN_vkUpdateDescriptorSets update_sets;
static PFN_vkCmdBindPipeline bind_pipeline;
static PFN_vkCmdBindDescriptorSets bind_sets;

#define BINDINGS 64
#define SETS 8

// What is known of a handle: a buffer, a pipeline, a set of descriptors or a list of commands. The newest of a handle counts.
struct known {
    unsigned long handle;
    int of_device;         // a buffer that kernels use; the others are the host's
    unsigned long size;    // of a buffer
    char *name;            // the kernel of a pipeline
    unsigned long *ranges; // bytes at each binding of a set
    struct known *pipeline, *sets[SETS]; // bound in a list of commands
};
#define MOST (1u << 20)
static struct known known[MOST];

static struct known *of(unsigned long handle) {
    unsigned at = (unsigned)((handle * 0x9e3779b97f4a7c15ul) >> 44);
    while (known[at].handle && known[at].handle != handle) at = (at + 1) % MOST;
    known[at].handle = handle;
    return &known[at];
}
#define OF(handle) of((unsigned long)(handle))

// The file that a variable names, if there is the variable.
static FILE *open_named(const char *variable) {
    const char *path = getenv(variable);
    FILE *file = path ? fopen(path, "w") : NULL;
    if (path && !file) abort();
    return file;
}

static void write_launch(VkCommandBuffer commands, unsigned long workgroups) {
    static FILE *out;
    static int is_open;
    if (!is_open++) out = open_named("VULKAN_LAUNCHES");
    if (!out) return;
    if (!commands) {
        fprintf(out, "read\n");
        fflush(out);
        return;
    }
    struct known *list = OF(commands);
    unsigned long bytes = 0;
    for (int k = 0; k < SETS; k++)
        for (int b = 0; list->sets[k] && list->sets[k]->ranges && b < BINDINGS; b++) bytes += list->sets[k]->ranges[b];
    fprintf(out, "%lu %lu %s\n", workgroups, bytes, list->pipeline && list->pipeline->name ? list->pipeline->name : "?");
}

static void write_totals(void) {
    static FILE *out;
    static int is_open;
    write_launch(NULL, 0);
    if (!is_open++) out = open_named("VULKAN_COUNTS");
    if (!out) return;
    fprintf(out, "%lu %lu %lu %lu %lu %lu %lu %lu %lu\n", total.launches, total.buffers, total.pages, total.uploads,
            total.bytes_up, total.reads, total.bytes_down, total.submits, total.waits);
    fflush(out);
}

static void count_dispatch(VkCommandBuffer commands, uint32_t x, uint32_t y, uint32_t z) {
    total.launches++;
    write_launch(commands, (unsigned long)x * y * z);
    dispatch(commands, x, y, z);
}

static void count_dispatch_indirect(VkCommandBuffer commands, VkBuffer buffer, VkDeviceSize offset) {
    total.launches++;
    dispatch_indirect(commands, buffer, offset);
}

static void count_copy(VkCommandBuffer commands, VkBuffer from, VkBuffer to, uint32_t count, const VkBufferCopy *regions) {
    unsigned long bytes = 0;
    for (uint32_t k = 0; k < count; k++) bytes += regions[k].size;
    if (!OF(from)->of_device) {
        total.uploads++;
        total.bytes_up += bytes;
    } else if (!OF(to)->of_device) {
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
        struct known *there = OF(*buffer);
        there->size = info->size;
        there->of_device = !!(info->usage & (VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT));
    }
    return result;
}

static VkResult count_allocate(VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *a, VkDeviceMemory *memory) {
    total.pages++;
    return allocate_memory(device, info, a, memory);
}

static VkResult note_pipelines(VkDevice device, VkPipelineCache cache, uint32_t count, const VkComputePipelineCreateInfo *infos,
                               const VkAllocationCallbacks *a, VkPipeline *pipelines) {
    VkResult result = create_pipelines(device, cache, count, infos, a, pipelines);
    for (uint32_t k = 0; result == VK_SUCCESS && k < count; k++) {
        free(OF(pipelines[k])->name);
        OF(pipelines[k])->name = strdup(infos[k].stage.pName);
    }
    return result;
}

static VkResult note_sets(VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *sets) {
    VkResult result = allocate_sets(device, info, sets);
    for (uint32_t k = 0; result == VK_SUCCESS && k < info->descriptorSetCount; k++) {
        free(OF(sets[k])->ranges);
        OF(sets[k])->ranges = calloc(BINDINGS, sizeof(unsigned long));
    }
    return result;
}

static void note_update(VkDevice device, uint32_t count, const VkWriteDescriptorSet *writes, uint32_t copies,
                        const VkCopyDescriptorSet *copied) {
    for (uint32_t k = 0; k < count; k++) {
        const VkWriteDescriptorSet *write = &writes[k];
        struct known *set = OF(write->dstSet);
        if (write->descriptorType != VK_DESCRIPTOR_TYPE_STORAGE_BUFFER || !set->ranges) continue;
        for (uint32_t b = 0; b < write->descriptorCount && write->dstBinding + b < BINDINGS; b++) {
            const VkDescriptorBufferInfo *info = &write->pBufferInfo[b];
            int is_rest = info->range == VK_WHOLE_SIZE;
            set->ranges[write->dstBinding + b] = is_rest ? OF(info->buffer)->size - info->offset : info->range;
        }
    }
    update_sets(device, count, writes, copies, copied);
}

static void note_pipeline(VkCommandBuffer commands, VkPipelineBindPoint point, VkPipeline pipeline) {
    OF(commands)->pipeline = OF(pipeline);
    bind_pipeline(commands, point, pipeline);
}

static void note_bound(VkCommandBuffer commands, VkPipelineBindPoint point, VkPipelineLayout layout, uint32_t first,
                       uint32_t count, const VkDescriptorSet *sets, uint32_t offsets, const uint32_t *offset) {
    for (uint32_t k = 0; k < count && first + k < SETS; k++) OF(commands)->sets[first + k] = OF(sets[k]);
    bind_sets(commands, point, layout, first, count, sets, offsets, offset);
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
    NEXT(create_pipelines, "vkCreateComputePipelines");
    NEXT(allocate_sets, "vkAllocateDescriptorSets");
    NEXT(update_sets, "vkUpdateDescriptorSets");
    NEXT(bind_pipeline, "vkCmdBindPipeline");
    NEXT(bind_sets, "vkCmdBindDescriptorSets");
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
    IS("vkCreateComputePipelines", note_pipelines);
    IS("vkAllocateDescriptorSets", note_sets);
    IS("vkUpdateDescriptorSets", note_update);
    IS("vkCmdBindPipeline", note_pipeline);
    IS("vkCmdBindDescriptorSets", note_bound);
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
