"""The first steps for every rule, until the severity table says others. Each step is one short sentence."""

from collections.abc import Mapping
from dataclasses import dataclass

from severity.rules import CLOCK_RULES, END_RULES, RULES

MOST_STEPS = 12


@dataclass(frozen=True)
class Runbook:
    """The steps of one rule: in English and, as many or none, in Arabic. Those of here are in both; a table may have none."""

    en: tuple[str, ...]
    ar: tuple[str, ...] = ()

    def steps(self, language: str) -> list[str]:
        """The steps in a language, in English where there are none in it."""
        return list(self.ar if language.startswith("ar") and self.ar else self.en)


_TASK = Runbook(
    (
        "Open the task and read its last looks.",
        "Ask the remote side whether it still works on it.",
        "Decide: wait, answer it, cancel it or start it again.",
        "Say on the timeline whom the delay hurts.",
    ),
    (
        "افتح المهمة واقرأ آخر المعاينات.",
        "اسأل الطرف البعيد هل ما زال يعمل عليها.",
        "قرّر: انتظر أو أجب أو ألغِ أو ابدأ من جديد.",
        "اكتب في الخط الزمني من يتضرر من التأخير.",
    ),
)
_ENDED = Runbook(
    (
        "Read the error that the remote side gave.",
        "Find out whether it left anything half done.",
        "Mend the cause, then start the task again.",
        "Say on the timeline what was done.",
    ),
    (
        "اقرأ الخطأ الذي أعاده الطرف البعيد.",
        "تحقّق هل بقي شيء نصف منجز.",
        "أصلح السبب ثم ابدأ المهمة من جديد.",
        "اكتب في الخط الزمني ما الذي تم.",
    ),
)
_OWN: dict[str, Runbook] = {
    "late_completion": Runbook(
        ("Compare the deadline with how long it took before.", "Tell those who waited.", "Change the SLA or the work."),
        (
            "قارن المهلة بما استغرقته المرات السابقة.",
            "أخبر من انتظروا.",
            "عدّل اتفاقية الخدمة أو العمل نفسه.",
        ),
    ),
    "unjudged": Runbook(
        ("Read the reason on the timeline.", "Mend the row or the data that it stands on.", "See that it is judged."),
        (
            "اقرأ السبب في الخط الزمني.",
            "أصلح السجل أو البيانات التي يقوم عليها.",
            "تأكد من أنه قُيّم.",
        ),
    ),
    "approval_late": Runbook(
        (
            "Open the change and see whose signature is missing.",
            "Ask the approvers, or those who stand in for them.",
            "Withdraw the change if nobody needs it any more.",
        ),
        (
            "افتح التغيير وانظر توقيع من ينقصه.",
            "اسأل المعتمدين أو من ينوب عنهم.",
            "اسحب التغيير إن لم يعد أحد يحتاج إليه.",
        ),
    ),
    "emergency": Runbook(
        ("Read what was applied and why.", "Have two others review it.", "Revert it if they do not agree."),
        (
            "اقرأ ما طُبّق ولماذا.",
            "اطلب من شخصين آخرين مراجعته.",
            "تراجع عنه إن لم يوافقا.",
        ),
    ),
    "waiver_over": Runbook(
        ("See who reads the version that was let through.", "Register a version that keeps the promise, or retire it."),
        (
            "انظر من يقرأ النسخة التي سُمح بها.",
            "سجّل نسخة تفي بالوعد، أو أحلها إلى التقاعد.",
        ),
    ),
    "move_late": Runbook(
        ("See which consumers read the old major.", "Agree on a day with each of them.", "Move on, or move the day."),
        (
            "انظر أي المستهلكين يقرؤون النسخة الرئيسية القديمة.",
            "اتفق مع كل منهم على يوم.",
            "انتقل، أو غيّر اليوم.",
        ),
    ),
    "out_of_range": Runbook(
        (
            "Measure again: is the value true?",
            "See what changed upstream of the metric.",
            "Mend the cause, or correct the expected range by a change.",
        ),
        (
            "أعد القياس: هل القيمة صحيحة؟",
            "انظر ما الذي تغيّر في مصادر المقياس.",
            "أصلح السبب، أو صحّح المدى المتوقع بتغيير.",
        ),
    ),
    "certification_over": Runbook(
        ("Look the definition over.", "Certify it anew, or retire the metric."),
        (
            "راجع التعريف.",
            "وثّقه من جديد، أو أحل المقياس إلى التقاعد.",
        ),
    ),
    "nobody": Runbook(
        ("Find out who took over from the team.", "Add a member, or give what it owns to another team."),
        (
            "اعرف من تولى عمل الفريق.",
            "أضف عضوًا، أو انقل ما يملكه إلى فريق آخر.",
        ),
    ),
    "part_silent": Runbook(
        (
            "See on the overview and in /-/readyz what else is late.",
            "See whether the workers, the scheduler and the broker run.",
            "Read the log of the part, and start it anew.",
        ),
        (
            "انظر في النظرة العامة وفي /-/readyz ما المتأخر غيره.",
            "تحقّق من عمل العمّال والمجدول والوسيط.",
            "اقرأ سجل الجزء ثم شغّله من جديد.",
        ),
    ),
    "polls_behind": Runbook(
        (
            "See which server's polls wait the longest.",
            "If it is slow, ask its owner; if all are behind, add a worker.",
            "Do not trust the state of its tasks until the polls have caught up.",
        ),
        (
            "انظر أي خادم تنتظر استعلاماته أطول من غيرها.",
            "إن كان بطيئاً فاسأل مالكه، وإن تأخرت كلها فأضف عاملاً.",
            "لا تثق بحالة مهامه حتى تلحق الاستعلامات.",
        ),
    ),
    "freshness": Runbook(
        (
            "Open the connector and read its last runs.",
            "See whether the source delivers.",
            "Tell those who read the data how old it is.",
            "Start the sync again and watch it end.",
        ),
        (
            "افتح الموصل واقرأ آخر عمليات تشغيله.",
            "انظر هل يسلّم المصدر بياناته.",
            "أخبر من يقرؤون البيانات بعمرها.",
            "شغّل المزامنة من جديد وراقبها حتى تنتهي.",
        ),
    ),
    "tool_drift": Runbook(
        (
            "Open the connector's tools and read what differs.",
            "Ask who runs the server whether and why it was changed.",
            "Look for words that would steer an agent.",
            "Approve what it shows now by a change, or have the server put back.",
        ),
        (
            "افتح أدوات الموصل واقرأ ما اختلف.",
            "اسأل من يشغّل الخادم هل تغيّر ولماذا.",
            "ابحث عن كلمات قد توجّه الوكيل.",
            "اعتمد ما يعرضه الآن بتغيير، أو اطلب إعادة الخادم كما كان.",
        ),
    ),
    "tool_added": Runbook(
        ("Read what the new tools do.", "Take over what is needed by a change.", "Ask for the others to be removed."),
        (
            "اقرأ ما تفعله الأدوات الجديدة.",
            "خذ ما يلزم منها بتغيير.",
            "اطلب إزالة ما سواها.",
        ),
    ),
    "sync_failed": Runbook(
        (
            "Read the note of the run and the log of its scheduler.",
            "See whether the next run succeeds by itself.",
            "Mend the cause and start the sync again.",
            "Load the lost window again if the cursor moved past it.",
        ),
        (
            "اقرأ ملاحظة التشغيل وسجل مجدوله.",
            "انظر هل ينجح التشغيل التالي من تلقاء نفسه.",
            "أصلح السبب وشغّل المزامنة من جديد.",
            "أعد تحميل النافذة المفقودة إن تجاوزها المؤشر.",
        ),
    ),
    "notice_late": Runbook(
        (
            "See on the page of the notice who has not moved.",
            "Ask each of them for a day, or hold the change back.",
            "Mark who has moved; close the notice when it is over.",
        ),
        (
            "انظر في صفحة الإشعار من لم ينتقل.",
            "اطلب من كل منهم يومًا، أو أوقف التغيير.",
            "علّم من انتقل، وأغلق الإشعار حين ينتهي.",
        ),
    ),
    "checkpoint_failed": Runbook(
        (
            "Read which expectations failed and on how many rows.",
            "Hold what reads the data until it is known to be right.",
            "Find the run that brought the rows in.",
            "Correct the data and let the checkpoint run again.",
        ),
        (
            "اقرأ أي التوقعات فشل وعلى كم صف.",
            "أوقف ما يقرأ البيانات حتى يُعرف أنها صحيحة.",
            "اعثر على التشغيل الذي جلب الصفوف.",
            "صحّح البيانات ودع نقطة الفحص تعمل من جديد.",
        ),
    ),
    "checkpoint_error": Runbook(
        ("Read the error.", "Mend the expectation or the access of the checkpoint.", "Let it run again."),
        (
            "اقرأ الخطأ.",
            "أصلح التوقع أو صلاحية وصول نقطة الفحص.",
            "دعها تعمل من جديد.",
        ),
    ),
    "checkpoint_absent": Runbook(
        ("See whether the checkpoint ran at all.", "Start it, and see that its result arrives."),
        (
            "انظر هل عملت نقطة الفحص أصلًا.",
            "شغّلها وتأكد من وصول نتيجتها.",
        ),
    ),
    "claim_contradicted": Runbook(
        (
            "Hold what acts on the claim.",
            "Read the evidence against it.",
            "Correct the claim, or bring what bears it out.",
            "Find out what else rests on it.",
        ),
        (
            "أوقف ما يعمل بناءً على الادعاء.",
            "اقرأ الأدلة التي تعارضه.",
            "صحّح الادعاء، أو أحضر ما يثبته.",
            "اعرف ما يقوم عليه غير ذلك.",
        ),
    ),
    "claim_partial": Runbook(
        ("Find the part that the evidence does not bear out.", "Narrow the claim, or bring the missing evidence."),
        (
            "اعثر على الجزء الذي لا تثبته الأدلة.",
            "ضيّق الادعاء، أو أحضر الدليل الناقص.",
        ),
    ),
    "declared": Runbook(
        ("Say in one sentence whom it hurts.", "Name who commands.", "Stop the effect first, then look for the cause."),
        (
            "قل في جملة واحدة من يتضرر.",
            "سمِّ من يقود.",
            "أوقف الأثر أولًا، ثم ابحث عن السبب.",
        ),
    ),
    "reported": Runbook(
        ("Open the system that reported it.", "See whether it still fires.", "Stop the effect, then the cause."),
        (
            "افتح النظام الذي أبلغ عنه.",
            "انظر هل ما زال ينبّه.",
            "أوقف الأثر ثم السبب.",
        ),
    ),
}

RUNBOOKS: Mapping[str, Runbook] = {
    **dict.fromkeys((rule.name for rule in CLOCK_RULES), _TASK),
    **dict.fromkeys((rule.name for rule in END_RULES), _ENDED),
    **_OWN,
}
NO_RUNBOOK = Runbook(())


def runbook_of(rule: str) -> Runbook:
    """The steps of a rule until the table says others; none for a rule that is not known any more."""
    return RUNBOOKS.get(rule, NO_RUNBOOK)


assert RUNBOOKS.keys() == RULES.keys(), "every rule has its steps"
assert all(len(one.en) == len(one.ar) for one in RUNBOOKS.values()), "in both languages"
