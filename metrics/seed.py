"""The first five metrics of the dictionary, as documents that become change requests like all others."""

from portal.registry.documents import Document


def _metric(
    key: str, name: str, label_ar: str, words: str, words_ar: str, source: str, owner: str, **more: str
) -> Document:
    return {
        "key": key,
        "name": name,
        "label_ar": label_ar,
        "description": words,
        "definition_ar": words_ar,
        "primary_source": source,
        "owner": owner,
        "unit": "SAR",
        "type": "amount",
        "since": "2026-01-01",
    } | more


def documents() -> list[Document]:
    """In the order of the domain. The owners are keys of teams, which have to be there before a change can be submitted."""
    return [
        _metric(
            "revenue_sar", "Recognized revenue", "الإيرادات المعترف بها",
            "Revenue recognized for the period, in SAR.", "الإيرادات المعترف بها عن الفترة بالريال السعودي.",
            "Billing system of record", "finance-team",
        ),
        _metric(
            "pipeline_value_sar", "Pipeline value", "قيمة الفرص البيعية",
            "Open deals of the CRM, each weighted by the probability of its stage, in SAR.",
            "الصفقات المفتوحة مرجحة باحتمال مرحلتها بالريال السعودي.", "CRM deals", "revops-team",
        ),
        _metric(
            "qualified_lead_count", "Qualified leads", "العملاء المحتملون المؤهلون",
            "Leads that meet the profile and the score threshold.", "العملاء المحتملون المستوفون للملف وحد النقاط.",
            "CRM and scoring", "sales-team", unit="leads", type="count",
        ),
        _metric(
            "partner_sourced_pipeline_sar", "Partner-sourced pipeline", "فرص مصدرها الشركاء",
            "The part of the pipeline that is attributed to partners, in SAR.",
            "الجزء المنسوب إلى الشركاء من الفرص البيعية بالريال السعودي.", "CRM attribution", "partnerships-team",
        ),
        _metric(
            "synergy_realization_sar", "Synergy realization", "تحقيق أوجه التآزر",
            "Synergies captured after closing, against the plan, in SAR.",
            "أوجه التآزر المحققة بعد الإغلاق مقارنة بالخطة بالريال السعودي.",
            "Finance and integration tracker", "corpdev-team",
        ),
    ]  # fmt: skip
