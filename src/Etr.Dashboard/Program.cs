using Etr.Dashboard.Client;

return await DashboardCommand.Create().Parse(args).InvokeAsync();
