# A GPU without a GPU: SwiftShader, a Vulkan driver that computes on the CPU, from Debian's chromium.
# Source it: it installs what is missing, with what the layer that counts is built with, and names the driver for kolmo.
if [ ! -e /usr/lib/chromium/vk_swiftshader_icd.json ] || [ ! -e /usr/include/vulkan/vk_layer.h ] || ! ldconfig -p | grep -q libvulkan.so.1; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends chromium libvulkan1 libvulkan-dev
fi
export VK_DRIVER_FILES=/usr/lib/chromium/vk_swiftshader_icd.json
XDG_RUNTIME_DIR=$(mktemp -d)
export XDG_RUNTIME_DIR
