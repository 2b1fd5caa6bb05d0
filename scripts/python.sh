# Python for the checks, and the packages that read what kolmo writes, in a virtual environment beside the build. Source it:
# `install_python` makes it, and $python is the program.

python=target/ci-python/bin/python

install_python() {
  if [ ! -x "$python" ]; then
    python3 -m venv target/ci-python 2>/dev/null || {
      apt-get update -qq
      apt-get install -y -qq python3 python3-venv
      python3 -m venv --clear target/ci-python
    }
  fi
  "$python" -m pip install --quiet mpmath pandas pyarrow scipy tensorboard
}
