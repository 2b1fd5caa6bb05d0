#!/usr/bin/env bash
# A Slurm of one node with two GPUs that are none, on the loopback, for tests: slurm_node.sh up DIR, slurm_node.sh down DIR.
# Everything it keeps is in DIR. It needs root and Debian's slurm-wlm, and installs that. `export SLURM_CONF=DIR/slurm.conf`.
set -euo pipefail
folder=$(realpath -m "$2")
host=$(hostname -s)
conf="$folder/slurm.conf"

down() {
  export SLURM_CONF="$conf"
  for daemon in slurmd slurmctld; do
    pid=$(cat "$folder/$daemon.own.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null || true
    for _ in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
}

if [ "$1" = down ]; then
  down
  exit
fi

if ! command -v slurmctld >/dev/null; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm
fi
mkdir -p "$folder"/{state,spool,log}
# No munge and no accounting; a job that is put back waits no longer than it must.
cat > "$conf" <<CONF
ClusterName=kolmo
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=16817
SlurmdPort=16818
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
AuthType=auth/none
CredType=cred/none
AuthInfo=cred_expire=5
MpiDefault=none
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,sched_min_interval=0
SlurmdParameters=config_overrides
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd.log
JobRequeue=1
ReturnToService=2
KillWait=2
GresTypes=gpu
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=2000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
# Any device serves as one that jobs are given.
echo "NodeName=$host Name=gpu File=/dev/null,/dev/zero" > "$folder/gres.conf"
export SLURM_CONF="$conf"
slurmctld -D -c -f "$conf" > "$folder/log/slurmctld.out" 2>&1 &
echo $! > "$folder/slurmctld.own.pid"
slurmd -D -f "$conf" -N "$host" > "$folder/log/slurmd.out" 2>&1 &
echo $! > "$folder/slurmd.own.pid"
for _ in $(seq 200); do
  if [ "$(timeout 3 sinfo -h -o %T 2>/dev/null)" = idle ]; then exit; fi
  sleep 0.1
done
echo "Slurm does not come up: $(tail -n 3 "$folder"/log/*.out "$folder"/log/*.log)" >&2
down
exit 1
