"""All commands in one tree."""

from __future__ import annotations

import typer

from covidxray_api.cli import (
    deploy,
    doctor,
    feedback,
    inspect,
    keys,
    models,
    node,
    packages,
    pull,
    records,
    screening,
    serving,
    site,
    training,
)

app = typer.Typer(
    help="Chest-radiograph screening: decision support, not a diagnosis.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command()(serving.serve)
app.command()(screening.screen)
app.command()(inspect.inspect)
app.command()(serving.health)
app.command()(doctor.doctor)
app.command()(serving.openapi)
app.command()(pull.pull)
app.command()(training.train)
app.command()(training.sweep)
app.command()(training.reproduce)
app.command()(training.calibrate)
app.command()(training.evaluate)
app.command()(training.protocol)

stored = typer.Typer(help="The stored models.", no_args_is_help=True)
stored.command("list")(models.list_models)
stored.command("show")(models.show)
stored.command("verify")(models.verify)
stored.command("sign")(models.sign)
stored.command("promote")(models.promote)
stored.command("rollback")(models.rollback)
stored.command("publish")(packages.publish)
stored.command("import")(packages.import_model)
stored.command("compile")(training.compile_models)
app.add_typer(stored, name="models")

sites = typer.Typer(help="The hospital's own radiographs.", no_args_is_help=True)
sites.command("fit")(site.fit)
app.add_typer(sites, name="site")

opinions = typer.Typer(help="What clinicians said of answers.", no_args_is_help=True)
opinions.command("export")(feedback.export)
app.add_typer(opinions, name="feedback")

recorded = typer.Typer(help="The record of screenings.", no_args_is_help=True)
recorded.command("export")(records.export)
recorded.command("erase")(records.erase)
recorded.command("prune")(records.prune)
recorded.command("verify")(records.verify)
app.add_typer(recorded, name="records")

dicom = typer.Typer(help="The DICOM node.", invoke_without_command=True)
dicom.callback()(node.run)
dicom.command("status")(node.status)
dicom.command("resend")(node.resend)
app.add_typer(dicom, name="node")

api_keys = typer.Typer(help="Who may call the service.", no_args_is_help=True)
api_keys.command("create")(keys.create)
api_keys.command("list")(keys.list_keys)
api_keys.command("revoke")(keys.revoke)
app.add_typer(api_keys, name="keys")

deployed = typer.Typer(help="The service on other platforms.", no_args_is_help=True)
deployed.command("ray")(deploy.ray)
app.add_typer(deployed, name="deploy")

reference = typer.Typer(help="The mean reference radiograph.", no_args_is_help=True)
reference.command("build")(training.build_reference)
app.add_typer(reference, name="reference")

gate = typer.Typer(help="The gate that knows a frontal chest radiograph.", no_args_is_help=True)
gate.command("train")(training.train_gate)
app.add_typer(gate, name="gate")

lungs = typer.Typer(help="What finds the lungs for saliency maps.", no_args_is_help=True)
lungs.command("train")(training.train_lungs)
app.add_typer(lungs, name="lungs")
