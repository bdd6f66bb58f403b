#!/usr/bin/env bash
# tests/campaign.sh RCSIM: one campaign by one process, under GNU parallel, and as an array of Slurm (slurmctld and slurmd
# of this machine, started here on 127.0.0.1 with a configuration of their own): the merged results must be the same,
# byte for byte. Needs parallel, slurmctld and slurmd.
set -uo pipefail

[ $# -eq 1 ] || { echo "usage: tests/campaign.sh RCSIM" >&2; exit 2; }
rcsim=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
seeds=400 parts=7
work=$(mktemp -d)
ctld='' slurmd=''
cleanup() {
    [ -z "$slurmd" ] || kill "$slurmd" 2>/dev/null
    [ -z "$ctld" ] || kill "$ctld" 2>/dev/null
    wait 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT
cd "$work" || exit 3
bad=0
unset SLURM_ARRAY_TASK_ID JOB_COMPLETION_INDEX OMPI_COMM_WORLD_RANK PARALLEL_SEQ

say_bad() { echo "NOT: $1"; bad=$((bad + 1)); }
same() { # same NAME DIRECTORY
    "$rcsim" merge "$2"/*.jsonl --jsonl "$2.jsonl" >"$2.txt" 2>&1
    if ! cmp -s one.jsonl "$2.jsonl" || ! cmp -s one.txt "$2.txt"; then
        say_bad "$1: another result than that of one process"
        diff one.txt "$2.txt" | head -n 10
    else
        echo "ok: $1: $(wc -l <"$2.jsonl") lines of $parts files are those of one process"
    fi
}

"$rcsim" fuzz fuzz/six --seeds $seeds --jsonl one.jsonl >one.txt

# --- GNU parallel ---
mkdir parallel
parallel --will-cite -j 2 "$rcsim" fuzz fuzz/six --seeds $seeds --jobs 1 --shard auto/$parts \
    --jsonl "parallel/{}.jsonl" ::: $(seq $parts) >parallel.log 2>&1
same "GNU parallel" parallel

# --- an array of Slurm ---
mkdir slurm state spool
host=$(hostname -s)
port=$((20000 + $$ % 9000))
cat >slurm.conf <<END
ClusterName=rcsim
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$((port + 1))
AuthType=auth/none
CredType=cred/none
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/ctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/ctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$work/slurm.conf
slurmctld -D >ctld.out 2>&1 &
ctld=$!
slurmd -D >slurmd.out 2>&1 &
slurmd=$!
for _ in $(seq 100); do
    sinfo -h -o %t 2>/dev/null | grep -q idle && break
    sleep 0.2
done
if ! sinfo -h -o %t 2>/dev/null | grep -q idle; then
    say_bad "Slurm does not come up"
    tail -n 5 ctld.out slurmd.out ctld.log slurmd.log 2>/dev/null
else
    cat >job.sh <<END
#!/bin/bash
"$rcsim" fuzz fuzz/six --seeds $seeds --jobs 1 --shard auto --jsonl "$work/slurm/\$SLURM_ARRAY_TASK_ID.jsonl"
END
    # A breach in a part is a status of 1 there, and says nothing of the array.
    sbatch -W -o "$work/slurm-%a.out" -D "$work" --array=0-$((parts - 1)) job.sh >sbatch.log 2>&1
    [ "$(ls slurm | wc -l)" -eq $parts ] || { say_bad "not all parts were played"; cat sbatch.log slurm-*.out | tail -n 8; }
    same "an array of Slurm" slurm
fi

[ $bad -eq 0 ] || exit 1
