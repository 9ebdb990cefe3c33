#!/bin/sh
# sbatch examples/shards/slurm.sh MODEL PICTURES "postgresql://ann@host/art#paintings"
#SBATCH --ntasks=8
#SBATCH --cpus-per-task=4
#SBATCH --requeue
# Each task takes the shard that SLURM_PROCID and SLURM_NTASKS name. A task that dies ends no other
# (--kill-on-bad-exit=0); submit the same again and only what is missing is encoded.
set -eu
srun --kill-on-bad-exit=0 python index.py build --model "$1" --images "$2" --out "$3"
srun --ntasks=1 python index.py finish "$3"
