#!/bin/sh
# Makes a model like this one: sh models/standard/recipe.sh wjazzd.db split.csv
#
# On two cores about 5 x 12 minutes for the teachers when nothing else runs (two side by side take
# twice as long each), 20 and 12 for the two courses with the pupil, and 10 for the calibration. The
# figures of the shipped model are in README.md beside this file. Of its own teachers, 0 to 2 were
# trained before style, instrument and feel were part of the context, and its calibration grew in
# several runs while traits were added.
set -e
jazzgen preprocess "$1" --split "$2" --out dataset
for k in 0 1 2 3 4; do
    jazzgen train dataset --out "teacher-$k" --seed "$k"
done
teachers="--teacher teacher-0 --teacher teacher-1 --teacher teacher-2"
teachers="$teachers --teacher teacher-3 --teacher teacher-4"
jazzgen train dataset --out first --from teacher-3 $teachers
jazzgen train dataset --out standard --from first $teachers \
    --seed 1000 --epochs 9 --learning-rate 0.0007 --dropout 0.1
jazzgen calibrate standard dataset --rounds 40
