"""The lineage tools and catalogs that a repository can be bound to, and how their clients are recognised.

Names of modules, packages, settings and images are those that each project publishes.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Catalog:
    """How code and configuration show that they use one catalog.

    `modules` are Python modules (with all below them), `packages` what is installed from PyPI or npm (a star at the end stands
    for any ending), `jvm` packages and Maven groups, `settings` the beginnings of variables and of configuration keys, `images`
    the beginnings of container images, `files` names of configuration files of its own.
    """

    name: str
    modules: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    jvm: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


CATALOGS = (
    Catalog(
        "openlineage",
        modules=("openlineage", "airflow.providers.openlineage"),
        packages=("openlineage-*", "apache-airflow-providers-openlineage", "@openlineage/*"),
        jvm=("io.openlineage",),
        settings=("OPENLINEAGE_", "AIRFLOW__OPENLINEAGE__", "spark.openlineage."),
        files=("openlineage.yml", "openlineage.yaml"),
    ),
    Catalog(
        "marquez",
        modules=("marquez_client", "marquez_airflow"),
        packages=("marquez-python", "marquez-client", "marquez-airflow"),
        jvm=("marquez.client", "io.github.marquezproject"),
        settings=("MARQUEZ_",),
        images=("marquezproject/marquez",),
        files=("marquez.yml",),
    ),
    Catalog(
        "datahub",
        modules=("datahub", "datahub_provider", "datahub_airflow_plugin"),
        packages=("acryl-datahub*",),
        jvm=("io.acryl", "datahub.client", "datahub.spark", "com.linkedin.datahub"),
        settings=("DATAHUB_", "spark.datahub."),
        images=("acryldata/datahub", "linkedin/datahub"),
        files=(".datahubenv",),
    ),
    Catalog(
        "openmetadata",
        modules=("metadata.ingestion", "metadata.generated", "airflow_provider_openmetadata"),
        packages=("openmetadata-*",),
        jvm=("org.openmetadata",),
        settings=("OPENMETADATA_",),
        images=("openmetadata/", "docker.getcollate.io/openmetadata/"),
    ),
    Catalog(
        "amundsen",
        modules=("databuilder", "amundsen_common", "amundsen_rds", "amundsen_gremlin"),
        packages=("amundsen-*",),
        settings=("AMUNDSEN_",),
        images=("amundsendev/",),
    ),
    Catalog(
        "atlas",
        modules=("apache_atlas", "atlasclient", "pyapacheatlas"),
        packages=("apache-atlas", "pyatlasclient", "pyapacheatlas"),
        jvm=("org.apache.atlas",),
        settings=("atlas.rest.", "atlas.cluster."),
        images=("apache/atlas", "sburn/apache-atlas"),
        files=("atlas-application.properties",),
    ),
    Catalog("atlan", modules=("pyatlan",), packages=("pyatlan", "pyatlan-*"), jvm=("com.atlan",), settings=("ATLAN_",)),
    Catalog(
        "unity-catalog",
        modules=("unitycatalog",),
        packages=("unitycatalog", "unitycatalog-*"),
        jvm=("io.unitycatalog",),
        images=("unitycatalog/",),
    ),
    Catalog("spline", jvm=("za.co.absa.spline",), settings=("spark.spline.",), images=("absaoss/spline",)),
    Catalog("egeria", modules=("pyegeria",), packages=("pyegeria",), jvm=("org.odpi.egeria",), images=("odpi/egeria",)),
    Catalog(
        "collibra", modules=("collibra_core", "collibra_importer"), packages=("collibra-*",), settings=("COLLIBRA_",)
    ),
    Catalog("purview", modules=("azure.purview",), packages=("azure-purview-*",), settings=("PURVIEW_",)),
    Catalog(
        "google-data-catalog",
        modules=("google.cloud.datacatalog", "google.cloud.datacatalog_lineage"),
        packages=("google-cloud-datacatalog", "google-cloud-datacatalog-lineage"),
        jvm=("com.google.cloud.datacatalog",),
    ),
)


def others(choice: str) -> tuple[Catalog, ...]:
    """Every catalog but the chosen one. A choice that is not in the table leaves all of them foreign."""
    return tuple(one for one in CATALOGS if one.name != choice)
