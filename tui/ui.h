/* Everything a screen needs, in one include. app.h tells how a screen is written. A form asks like
   this, inside a screen of its own (overlay, scope SCOPE_TEXT):

     static const struct field fields[] = {
         {FIELD_AMOUNT, N_("Amount"), NULL, 0, .required = true},
         {FIELD_TEXT, N_("Description"), NULL, 140},
     };
     open:   form_init(&state->form, fields, COUNT_OF(fields), "EUR");
     paint:  draw_box(area, app_desk(app)->env, title); form_paint(&state->form, area_inset(…));
     key:    form_key(): FORM_SUBMIT → dialog_confirm(), FORM_CANCEL → app_close(app, state)
     paste:  form_paste(&state->form, text);
     close:  form_done(&state->form);

   and confirming money is

     dialog_confirm(app, &(struct confirm){.kind = OP_REFUND, .amount = amount,
         .facts = {{N_("Left afterwards"), format_money(…)}}, .fact_count = 1,
         .done = refund_confirmed, .ctx = state});

   where refund_confirmed(app, state, true) calls op_start(). The form stays below the dialog. */
#ifndef TUI_UI_H
#define TUI_UI_H

#include "dialog.h"
#include "form.h"
#include "list.h"
#include "words.h"

#endif
