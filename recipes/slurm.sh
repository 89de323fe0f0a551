#!/bin/bash
# A sweep as a Slurm job array: every task is a worker that takes the next cell that nobody has.
#   noisescope sweep plan /shared/sizes --preset paper --data /shared/aclImdb --vary …
#   SWEEP=/shared/sizes sbatch --array=1-8 recipes/slurm.sh
#SBATCH --job-name=noisescope
#SBATCH --cpus-per-task=4
#SBATCH --time=24:00:00
#SBATCH --output=noisescope-%A_%a.log
# Two minutes before the time is over the worker is interrupted and leaves a checkpoint; submit again
# to go on.
#SBATCH --signal=B:INT@120
# A worker whose node fails is put back into the queue.
#SBATCH --requeue
# On GPU nodes also: #SBATCH --gres=gpu:1
set -euo pipefail

exec "${NOISESCOPE:-noisescope}" sweep run "${SWEEP:?give the folder of the sweep}" \
    --device "${DEVICE:-auto}"
